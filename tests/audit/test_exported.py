"""Policies that the API server applies itself: where they are in force, who tailors, and what is out of date."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from msgspec import structs

from tests.audit.verdicts import EARLIER, EVERYBODY, LATER, REQUESTS, in_force, judged
from tests.support.pods import pod, policy, snapshot
from webhook.audit import what_if
from webhook.audit.enforcement import Enforcement, Scope, Tailor
from webhook.audit.exported import ExportedPolicy, problems_of, with_exported
from webhook.audit.findings import Finding
from webhook.export import marks
from webhook.model.names import Mode
from webhook.model.policy import Policy
from webhook.model.selectors import Requirement, Selector

SHOPS = Scope(
    Selector((Requirement("shop", "Exists"),)), Selector(()), EARLIER, "MutatingAdmissionPolicy podtailor"
)
OPTED = Selector((Requirement("podtailor.dev/injection", "NotIn", ("disabled",)),))
EXPORTED = ExportedPolicy(name="podtailor", scope=SHOPS, digests=marks.digests([REQUESTS]), is_bound=True)
EVERYWHERE = structs.replace(EXPORTED, scope=structs.replace(SHOPS, namespaces=Selector(()), objects=OPTED))
ALONE = Enforcement(knows_tailors=True)
WITH_WEBHOOK = structs.replace(in_force(REQUESTS), knows_tailors=True)


@pytest.mark.parametrize(
    ("enforcement", "exported", "expected"),
    [
        pytest.param(ALONE, EVERYWHERE, Tailor.EXPORTED, id="exported alone"),
        pytest.param(
            ALONE, structs.replace(EVERYWHERE, is_bound=False), Tailor.NOBODY, id="exported, not bound"
        ),
        pytest.param(ALONE, EXPORTED, Tailor.NOBODY, id="exported for other namespaces"),
        pytest.param(WITH_WEBHOOK, EXPORTED, Tailor.WEBHOOK, id="a webhook, and exported for others"),
        pytest.param(WITH_WEBHOOK, EVERYWHERE, Tailor.BOTH, id="a webhook and exported"),
        pytest.param(Enforcement(), EVERYWHERE, None, id="nobody asked a cluster"),
    ],
)
def test_verdict_says_what_tailors_new_pods(
    enforcement: Enforcement, exported: ExportedPolicy, expected: Tailor | None
) -> None:
    within = snapshot(REQUESTS)
    enforcement = with_exported(enforcement, [exported], within)
    assert judged(pod(), within=within, enforcement=enforcement).tailor is expected


@pytest.mark.parametrize(
    ("labels", "mode", "expected"),
    [
        ({"podtailor.dev/mode": "audit"}, Mode.ENFORCE, Tailor.NOBODY),
        ({"podtailor.dev/mode": "enforce"}, Mode.AUDIT, Tailor.BOTH),
        ({}, Mode.AUDIT, Tailor.EXPORTED),
    ],
)
def test_mode_of_the_server_is_not_that_of_an_exported_policy(
    labels: Mapping[str, str], mode: Mode, expected: Tailor
) -> None:
    within = snapshot(REQUESTS, labels=dict(labels), mode=mode)
    enforcement = with_exported(WITH_WEBHOOK, [EVERYWHERE], within)
    assert judged(pod(), within=within, enforcement=enforcement).tailor is expected


def test_exempt_pod_is_tailored_by_nobody() -> None:
    within = snapshot(REQUESTS)
    enforcement = with_exported(WITH_WEBHOOK, [EVERYWHERE], within)
    exempt = pod("priorityClassName: system-node-critical")
    assert judged(exempt, within=within, enforcement=enforcement).tailor is Tailor.NOBODY


def test_exported_policy_enforces_without_a_webhook() -> None:
    within = snapshot(REQUESTS)
    enforcement = with_exported(ALONE, [EVERYWHERE], within)
    template = judged(pod(), within=within, enforcement=enforcement)
    assert (template.finding, template.items[0].in_force) == (Finding.PASS, True)
    assert enforcement.in_force_since(REQUESTS, "default") == EARLIER


def test_policy_that_was_exported_otherwise_is_not_in_force() -> None:
    newer = policy("{resources: {limits: [{type: Container, defaultRequest: {cpu: 200m}}]}}")
    within = snapshot(newer)
    enforcement = with_exported(ALONE, [EVERYWHERE], within)
    verdict = judged(pod(), within=within, enforcement=enforcement)
    assert (verdict.finding, verdict.items[0].in_force) == (Finding.WOULD_CHANGE, False)


def test_policy_is_in_force_since_the_first_of_both() -> None:
    """Moving from the webhook to an exported policy: no Pod in between was missed."""
    within = snapshot(REQUESTS)
    later = structs.replace(EVERYWHERE, scope=structs.replace(EVERYWHERE.scope, changed=LATER))
    for exported, since in ((EVERYWHERE, EARLIER), (later, "2026-01-02T00:00:00Z")):
        enforcement = with_exported(WITH_WEBHOOK, [exported], within)
        assert enforcement.in_force_since(REQUESTS, "default") == since


def test_pod_is_skipped_only_where_both_leave_it_out() -> None:
    within = snapshot(REQUESTS)
    nowhere = structs.replace(EVERYBODY, namespaces=SHOPS.namespaces)
    enforcement = structs.replace(WITH_WEBHOOK, webhook=nowhere)
    assert judged(pod(), within=within, enforcement=enforcement).finding is Finding.SKIPPED
    enforcement = with_exported(enforcement, [EVERYWHERE], within)
    assert judged(pod(), within=within, enforcement=enforcement).finding is Finding.PASS


def test_what_if_takes_an_exported_policy_as_selecting_everything() -> None:
    within = snapshot(REQUESTS)
    enforcement = what_if.in_force(with_exported(ALONE, [EXPORTED], within), within)
    assert judged(pod(), within=within, enforcement=enforcement).tailor is Tailor.EXPORTED


ANOTHER = policy("{nodeSelector: {a: b}}", name="another")
AUDITED = policy("{mode: Audit, nodeSelector: {a: b}}", name="audited")
DENYING = policy("{resources: {onViolation: Deny}}", name="denying")


@pytest.mark.parametrize(
    ("exported", "policies", "expected"),
    [
        pytest.param(EVERYWHERE, [REQUESTS], "", id="up to date"),
        pytest.param(EVERYWHERE, [REQUESTS, AUDITED, DENYING], "", id="policies that cannot be exported"),
        pytest.param(
            EVERYWHERE, [REQUESTS, ANOTHER], "made from others: not in it: another", id="a new policy"
        ),
        pytest.param(EVERYWHERE, [], "made from others: no longer there: test", id="a policy that is gone"),
        pytest.param(
            structs.replace(EVERYWHERE, is_bound=False),
            [REQUESTS],
            "has no MutatingAdmissionPolicyBinding: the API server does not apply it",
            id="no binding",
        ),
    ],
)
def test_says_what_is_out_of_date(exported: ExportedPolicy, policies: list[Policy], expected: str) -> None:
    problems = [*problems_of([exported], snapshot(*policies).policies)]
    assert [each.endswith(expected) for each in problems] == ([True] if expected else [])
