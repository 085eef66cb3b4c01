"""The audit as metrics: every finding has a series."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.audit.verdicts import live_pod, verdict_with
from webhook.audit.findings import SIZES, Finding
from webhook.audit.reports.prometheus import exposition
from webhook.audit.summary import Summary


@pytest.mark.parametrize("is_measured", [True, False])
def test_every_finding_has_a_series(*, is_measured: bool) -> None:
    """Except sizes, if usage was not asked for: that is not zero."""
    summary = Summary(is_measured=is_measured)
    summary.add(live_pod("p"), verdict_with(Finding.VIOLATION))
    findings, at = text_string_to_metric_families(exposition(summary))
    known = [each for each in Finding if is_measured or each not in SIZES]
    counts = {each.labels["finding"]: each.value for each in findings.samples}
    assert counts == {**dict.fromkeys(known, 0), Finding.VIOLATION: 1}
    assert at.name == "podtailor_audit_timestamp_seconds"
