"""`certs check` reports each disagreement between caBundle, Secret and what replicas serve."""

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
UNTRUSTED = issue_serving(OTHER, HOSTS, NOW - DAY, 90 * DAY)
PEM = LATER.certificate_pem
HEALTHY = ProbeResult("a", PEM)


@pytest.mark.parametrize(
    ("bundle", "secret", "replica", "problems"),
    [
        pytest.param(CA.certificate_pem, PEM, HEALTHY, {}, id="no problem"),
        pytest.param(CA.certificate_pem, None, HEALTHY, {}, id="without a Secret"),
        pytest.param(OTHER.certificate_pem + CA.certificate_pem, PEM, HEALTHY, {}, id="two CAs"),
        pytest.param(b"", PEM, ProbeResult("a", PEM, "unable to get local issuer certificate"), {
            "caBundle": "it is empty or not PEM, so the API server trusts no certificate",
            "Secret s": "its certificate cannot be verified: the caBundle is not PEM",
            "Pod a": "unable to get local issuer certificate",
        }, id="caBundle removed"),
        pytest.param(CA.certificate_pem, b"", HEALTHY, {
            "Secret s": "its certificate is missing",
            "Pod a": "it does not serve the Secret's certificate, which it reloads within half a minute",
        }, id="Secret emptied"),
        pytest.param(CA.certificate_pem, UNTRUSTED.certificate_pem, HEALTHY, {
            "Secret s": "its certificate is not signed by a CA in the caBundle",
            "Pod a": "it does not serve the Secret's certificate, which it reloads within half a minute",
        }, id="Secret of another CA"),
        pytest.param(CA.certificate_pem, SOON.certificate_pem, ProbeResult("a", SOON.certificate_pem), {
            "Secret s": "its certificate expires 2026-01-03 00:00 UTC",
            "Pod a": "its certificate expires 2026-01-03 00:00 UTC",
        }, id="about to expire"),
        pytest.param(CA.certificate_pem, PEM, ProbeResult("a", problem="no answer: timed out"), {
            "Pod a": "no answer: timed out",
        }, id="no answer"),
    ],
)  # fmt: skip
def test_problems(
    bundle: bytes, secret: bytes | None, replica: ProbeResult, problems: dict[str, str]
) -> None:
    stored = None if secret is None else ("Secret s", secret, b"")
    results = [*check(bundle, stored, [replica], NOW, 7 * DAY)]
    assert {each.subject: each.problem for each in results if each.problem} == problems
    assert len(results) == 2 + (secret is not None)


def test_expired_is_a_problem_whatever_within_is() -> None:
    late = NOW + 100 * DAY
    results = [
        *check(CA.certificate_pem, ("Secret s", PEM, CA.certificate_pem), [HEALTHY], late, timedelta())
    ]
    assert [bool(each.problem) for each in results] == [False, True, True]


def test_retired_ca_that_is_still_trusted_is_reported() -> None:
    bundle = OTHER.certificate_pem + CA.certificate_pem
    results = [*check(bundle, ("Secret s", PEM, CA.certificate_pem), [HEALTHY], NOW, timedelta())]
    assert [each.subject for each in results if each.problem] == ["caBundle"]
