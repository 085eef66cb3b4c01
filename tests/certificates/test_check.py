"""Each disagreement between caBundle, Secret and what is served is told, and agreement is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from certs.issue import issue_authority, issue_serving
from webhook.certificates.check import check
from webhook.certificates.probe import ProbeResult

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
HOSTS = ["podtailor-webhook.podtailor-system.svc"]
CA, OTHER = (issue_authority(NOW - DAY, 400 * DAY) for _ in range(2))
SOON, LATER = (issue_serving(CA, HOSTS, NOW - DAY, days * DAY) for days in (3, 90))
STRANGER = issue_serving(OTHER, HOSTS, NOW - DAY, 90 * DAY)
PEM = LATER.certificate_pem
WELL = ProbeResult("a", PEM)


@pytest.mark.parametrize(
    ("bundle", "secret", "replica", "problems"),
    [
        pytest.param(CA.certificate_pem, PEM, WELL, {}, id="all is well"),
        pytest.param(CA.certificate_pem, None, WELL, {}, id="certificates of somebody else's"),
        pytest.param(OTHER.certificate_pem + CA.certificate_pem, PEM, WELL, {}, id="two CAs"),
        pytest.param(b"", PEM, ProbeResult("a", PEM, "unable to get local issuer certificate"), {
            "caBundle": "it is empty or no PEM, so the API server trusts nobody",
            "Secret s": "its certificate cannot be verified: the caBundle is not PEM",
            "Pod a": "unable to get local issuer certificate",
        }, id="caBundle taken away"),
        pytest.param(CA.certificate_pem, b"", WELL, {
            "Secret s": "its certificate is not there",
            "Pod a": "it serves another certificate than the Secret holds, which it reads within half a minute",
        }, id="Secret emptied"),
        pytest.param(CA.certificate_pem, STRANGER.certificate_pem, WELL, {
            "Secret s": "its certificate is not signed by a CA in the caBundle",
            "Pod a": "it serves another certificate than the Secret holds, which it reads within half a minute",
        }, id="Secret of somebody else"),
        pytest.param(CA.certificate_pem, SOON.certificate_pem, ProbeResult("a", SOON.certificate_pem), {
            "Secret s": "its certificate expires 2026-01-03 00:00 UTC",
            "Pod a": "its certificate expires 2026-01-03 00:00 UTC",
        }, id="near its end"),
        pytest.param(CA.certificate_pem, PEM, ProbeResult("a", problem="no answer: timed out"), {
            "Pod a": "no answer: timed out",
        }, id="no answer"),
    ],
)  # fmt: skip
def test_problems(
    bundle: bytes, secret: bytes | None, replica: ProbeResult, problems: dict[str, str]
) -> None:
    held = None if secret is None else ("Secret s", secret, b"")
    results = [*check(bundle, held, [replica], NOW, 7 * DAY)]
    assert {each.what: each.problem for each in results if each.problem} == problems
    assert len(results) == 2 + (secret is not None)


def test_expired_is_a_problem_however_little_is_asked_for() -> None:
    late = NOW + 100 * DAY
    results = [*check(CA.certificate_pem, ("Secret s", PEM, CA.certificate_pem), [WELL], late, timedelta())]
    assert [bool(each.problem) for each in results] == [False, True, True]


def test_ca_that_was_retired_and_is_trusted_still_is_told() -> None:
    bundle = OTHER.certificate_pem + CA.certificate_pem
    results = [*check(bundle, ("Secret s", PEM, CA.certificate_pem), [WELL], NOW, timedelta())]
    assert [each.what for each in results if each.problem] == ["caBundle"]
