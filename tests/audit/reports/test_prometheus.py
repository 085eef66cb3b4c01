"""The audit as metrics: every finding has a series."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.audit.verdicts import live_pod, verdict_with
from webhook.audit.findings import PLATFORMS, SIZES, Finding
from webhook.audit.platforms import Platforms
from webhook.audit.reports.prometheus import exposition
from webhook.audit.summary import Summary
from webhook.images.evidence import Knowledge


@pytest.mark.parametrize("is_measured", [True, False])
@pytest.mark.parametrize("platforms", [Platforms("arm64", Knowledge([], now=0, max_age=0)), None])
def test_every_finding_has_a_series(*, is_measured: bool, platforms: Platforms | None) -> None:
    """Except those that were not asked for: that is not zero."""
    summary = Summary(is_measured=is_measured, platforms=platforms)
    summary.add(live_pod("p"), verdict_with(Finding.VIOLATION))
    findings, at = text_string_to_metric_families(exposition(summary))
    unasked = {*(() if is_measured else SIZES), *(() if platforms else PLATFORMS)}
    known = [each for each in Finding if each not in unasked]
    counts = {each.labels["finding"]: each.value for each in findings.samples}
    assert counts == {**dict.fromkeys(known, 0), Finding.VIOLATION: 1}
    assert at.name == "podtailor_audit_timestamp_seconds"
