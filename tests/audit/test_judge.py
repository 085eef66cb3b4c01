"""What is found of one object: a table of findings, then what they say."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from tests.support.pods import Json, owned, pod, policy, snapshot
from webhook.audit import what_if
from webhook.audit.drift import expected
from webhook.audit.enforcement import NOT_ENFORCED, Enforcement, FirstApplied, WebhookScope
from webhook.audit.findings import Finding, Verdict
from webhook.audit.judge import judge
from webhook.engine.snapshot import Snapshot
from webhook.model.names import Mode
from webhook.model.pod import pod_view
from webhook.model.policy import Policy
from webhook.model.selectors import Requirement, Selector
from webhook.workloads.workload import Expected, Ref, Workload

REQUESTS = policy("{resources: {limits: [{type: Container, defaultRequest: {cpu: 100m}}]}}")
AUDITED = policy(
    "{mode: Audit, resources: {limits: [{type: Container, defaultRequest: {memory: 1Gi}}]}}", name="tried"
)
SMALL = policy("{resources: {limits: [{type: Container, max: {cpu: '1'}}]}}", name="small")
STRICT = policy(
    "{resources: {onViolation: Deny, limits: [{type: Container, max: {cpu: '1'}}]}}", name="strict"
)
SIZED = pod(container="resources: {requests: {cpu: 100m}}")
BIG = pod(container="resources: {requests: {cpu: '2'}, limits: {cpu: '2'}}")
EVERYBODY = WebhookScope(Selector(()), Selector(()), "2026-01-01T00:00:00Z")
EARLIER, LATER = "2026-01-01T00:00:00Z", "2026-01-02T00:00:01Z"


BETWEEN = "2026-01-02T00:00:00.5Z"
CPU = "requests.cpu"


def _in_force(
    *policies: Policy, webhook: WebhookScope = EVERYBODY, first_applied: FirstApplied | None = None
) -> Enforcement:
    """And an earlier Pod of the namespace has what the policies give."""
    earlier = {(each.name, field): BETWEEN for each in policies for field in (CPU, "nodeSelector.a")}
    times = {(each.source, each.key): "2026-01-02T00:00:00Z" for each in policies}
    return Enforcement(
        webhook, times, first_applied={"default": earlier if first_applied is None else first_applied}
    )


def _verdict(
    obj: Json,
    *policies: Policy,
    within: Snapshot | None = None,
    enforcement: Enforcement = NOT_ENFORCED,
    **known: Any,
) -> Verdict:
    view, ref = pod_view(obj), Ref("Pod", "default", "p")
    workload = Workload(ref=ref, owner=ref, admitted=view, written=view, **known)
    return judge(workload, within or snapshot(*policies), enforcement)


@pytest.mark.parametrize(
    ("obj", "policies", "known", "finding"),
    [
        pytest.param(SIZED, [REQUESTS], {}, Finding.PASS, id="has what it is given"),
        pytest.param(pod(), [REQUESTS], {}, Finding.WOULD_CHANGE, id="policy of a file"),
        pytest.param(pod(), [], {}, Finding.SKIPPED, id="no policy matches"),
        pytest.param(pod(metadata="labels: {podtailor.dev/injection: disabled}"), [REQUESTS], {}, Finding.SKIPPED, id="opted out"),
        pytest.param(BIG, [SMALL], {}, Finding.VIOLATION, id="bound broken"),
        pytest.param(pod(), [REQUESTS, policy("{resources: {limits: [{type: Container, defaultRequest: {cpu: '3'}}]}}", name="zz")], {}, Finding.CONFLICT, id="two wishes"),
    ],
)  # fmt: skip
def test_finding(obj: Json, policies: list[Policy], known: Json, finding: Finding) -> None:
    assert _verdict(obj, *policies, **known).finding is finding


@pytest.mark.parametrize(
    ("created", "finding"),
    [
        pytest.param("", Finding.PASS, id="template: its Pods are given it"),
        pytest.param(EARLIER, Finding.WOULD_CHANGE, id="made before"),
        pytest.param("2026-01-02T00:00:00Z", Finding.WOULD_CHANGE, id="made in that very second"),
        pytest.param(LATER, Finding.SLIPPED_THROUGH, id="made after"),
    ],
)
def test_pod_slipped_through_only_where_all_was_in_force(created: str, finding: Finding) -> None:
    verdict = _verdict(pod(), REQUESTS, enforcement=_in_force(REQUESTS), created=created)
    assert verdict.finding is finding
    assert all(item.in_force for item in verdict.items)


@pytest.mark.parametrize(
    "first_applied",
    [
        pytest.param({}, id="no Pod before it was tailored"),
        pytest.param({("test", CPU): LATER}, id="one of the same second, which may have come after"),
        pytest.param({("test", CPU): "2026-01-03T00:00:00Z"}, id="one that came after it"),
        pytest.param({("other", CPU): BETWEEN}, id="one by another policy"),
        pytest.param({("test", "requests.memory"): BETWEEN}, id="one in another field"),
    ],
)
def test_pod_is_not_accused_without_a_tailored_one_before_it(first_applied: FirstApplied) -> None:
    enforcement = _in_force(REQUESTS, first_applied=first_applied)
    verdict = _verdict(pod(), REQUESTS, enforcement=enforcement, created=LATER)
    assert verdict.finding is Finding.WOULD_CHANGE
    assert all(item.in_force for item in verdict.items)


def test_pod_is_not_accused_where_its_namespace_was_written_since() -> None:
    """A label may have been taken off: that moves the resourceVersion and no time."""
    for revision, finding in ((7, Finding.WOULD_CHANGE), (5, Finding.SLIPPED_THROUGH)):
        enforcement = structs.replace(_in_force(REQUESTS), revisions={"default": revision})
        verdict = _verdict(pod(), REQUESTS, enforcement=enforcement, created=LATER, revision=6)
        assert verdict.finding is finding


def test_user_who_says_since_when_needs_no_other_proof() -> None:
    enforcement = structs.replace(_in_force(REQUESTS, first_applied={}), since=EARLIER)
    verdict = _verdict(pod(), REQUESTS, enforcement=enforcement, created=LATER)
    assert verdict.finding is Finding.SLIPPED_THROUGH


def test_newest_change_counts() -> None:
    enforcement = structs.replace(_in_force(REQUESTS), namespaces={"default": "2026-02-01T00:00:00Z"})
    assert _verdict(pod(), REQUESTS, enforcement=enforcement, created=LATER).finding is Finding.WOULD_CHANGE


def test_policy_that_is_tried_was_never_in_force() -> None:
    other = policy("{resources: {limits: [{type: Container, defaultRequest: {cpu: 100m}}]}}", name="other")
    verdict = _verdict(pod(), other, enforcement=_in_force(REQUESTS), created=LATER)
    assert (verdict.finding, verdict.items[0].in_force) == (Finding.WOULD_CHANGE, False)
    since = structs.replace(_in_force(REQUESTS), since=EARLIER)
    assert _verdict(pod(), other, enforcement=since, created=LATER).finding is Finding.SLIPPED_THROUGH


def test_audited_policy_would_change_and_never_slips() -> None:
    verdict = _verdict(SIZED, REQUESTS, AUDITED, enforcement=_in_force(REQUESTS, AUDITED), created=LATER)
    (item,) = verdict.items
    assert (item.finding, item.policy, item.field, item.after) == (
        Finding.WOULD_CHANGE, "tried", "app:requests.memory", "1Gi"
    )  # fmt: skip


def test_who_is_not_selected_is_skipped() -> None:
    opt_in = Selector((Requirement("podtailor.dev/injection", "In", ("enabled",)),))
    verdict = _verdict(
        pod(),
        REQUESTS,
        enforcement=_in_force(REQUESTS, webhook=structs.replace(EVERYBODY, namespaces=opt_in)),
    )
    assert verdict.items[0].why == (
        "not-selected: the webhook selects namespaces with podtailor.dev/injection=enabled, and default does not match"
    )


def test_refused_pod_is_given_nothing() -> None:
    verdict = _verdict(BIG, STRICT, policy("{resizePolicy: {cpu: NotRequired}}", name="other"))
    (item,) = verdict.items
    assert (item.finding, item.policy, item.field) == (Finding.VIOLATION, "strict", "app")
    assert item.why.endswith("; such Pods are refused")
    assert verdict.before == verdict.after
    assert verdict.qos is None


def _template(obj: Json, *policies: Policy) -> Expected:
    view = pod_view(obj)
    return expected("default", view, view, snapshot(*policies))


def _differing(
    live: Json, template: Json, *policies: Policy, created: str = LATER, **known: Any
) -> list[tuple[Any, ...]]:
    verdict = _verdict(
        live,
        *policies,
        created=created,
        expected=_template(template, *policies),
        enforcement=_in_force(*policies),
        **known,
    )
    return [(item.finding, item.field, item.before, item.after) for item in verdict.items if item.field]


OTHER = pod(container="resources: {requests: {cpu: 300m}}")


@pytest.mark.parametrize(
    ("live", "template", "created", "items"),
    [
        pytest.param(SIZED, pod(), LATER, [], id="as the policy gives it"),
        pytest.param(OTHER, pod(), LATER, [(Finding.DRIFTED, "app:requests.cpu", "300m", "100m")], id="resized since"),
        pytest.param(OTHER, pod(), EARLIER, [(Finding.WOULD_CHANGE, "app:requests.cpu", "300m", "100m")], id="policy came or changed later"),
        pytest.param(OTHER, OTHER, LATER, [], id="as its template says"),
        pytest.param(SIZED, OTHER, LATER, [(Finding.DRIFTED, "app:requests.cpu", "100m", "300m")], id="not as its template says"),
        pytest.param(pod(container="resources: {requests: {cpu: 100m, memory: 1Gi}}"), pod(), LATER, [(Finding.DRIFTED, "app:requests.memory", "1Gi", None)], id="nobody said so"),
        pytest.param(pod(metadata="annotations: {podtailor.dev/applied: '{\"old\":[\"app:requests.memory\"]}'}", container="resources: {requests: {cpu: 100m, memory: 1Gi}}"), pod(), LATER, [], id="an earlier policy said so"),
        pytest.param(pod(metadata="annotations: {kubernetes.io/limit-ranger: x}", container="resources: {requests: {cpu: 100m, memory: 1Gi}}"), pod(), LATER, [], id="LimitRanger said so"),
        pytest.param(pod(container="resources: {requests: {cpu: '0.1'}}"), pod(), LATER, [], id="written otherwise"),
        pytest.param(pod("containers: [{name: mesh, image: m, resources: {requests: {cpu: 100m}}}]"), pod(), LATER, [], id="container of somebody else"),
    ],
)  # fmt: skip
def test_drift_is_what_neither_template_nor_policy_gave(
    live: Json, template: Json, created: str, items: list[tuple[Any, ...]]
) -> None:
    assert _differing(live, template, REQUESTS, created=created) == items


def test_limit_that_is_given_is_the_request_too() -> None:
    limit = policy("{resources: {limits: [{type: Container, default: {cpu: '1'}}]}}")
    live = pod(container="resources: {limits: {cpu: 1}, requests: {cpu: 1}}")
    assert _differing(live, pod(), limit) == []


def test_policy_that_is_tried_says_what_a_new_pod_would_have_and_cost() -> None:
    tried = policy("{resources: {limits: [{type: Container, defaultRequest: {cpu: '9'}}]}}", name="tried")
    verdict = _verdict(SIZED, tried, created=LATER, expected=_template(pod(), tried))
    (item,) = verdict.items
    assert (item.finding, item.before, item.after, item.in_force) == (
        Finding.WOULD_CHANGE,
        "100m",
        "9",
        False,
    )
    assert (verdict.before.requests["cpu"], verdict.after.requests["cpu"]) == (100, 9000)


@pytest.mark.parametrize(
    ("obj", "touched"),
    [
        pytest.param(
            pod(metadata="annotations: {podtailor.dev/applied: '{}'}"), frozenset(), id="it has been here"
        ),
        pytest.param(pod(), frozenset({"podtailor.dev"}), id="a label of ours was written later"),
    ],
)
def test_pod_that_may_have_been_another_did_not_slip_through(obj: Json, touched: frozenset[str]) -> None:
    verdict = _verdict(obj, REQUESTS, enforcement=_in_force(REQUESTS), created=LATER, touched=touched)
    assert verdict.finding is Finding.WOULD_CHANGE


def test_labels_written_later_excuse_where_they_are_asked_for() -> None:
    touched = frozenset({"labels"})
    asks = policy("{match: {podSelector: {matchLabels: {app: x}}}, nodeSelector: {a: b}}", name="asks")
    labelled = pod(metadata="labels: {app: x}", container="resources: {requests: {cpu: 100m}}")
    for each, finding in ((asks, Finding.WOULD_CHANGE), (REQUESTS, Finding.SLIPPED_THROUGH)):
        obj = labelled if each is asks else pod()
        verdict = _verdict(obj, each, enforcement=_in_force(each), created=LATER, touched=touched)
        assert verdict.finding is finding


def test_need_is_as_the_scheduler_adds_up() -> None:
    obj = pod(
        "initContainers: [{name: i, image: i, resources: {requests: {cpu: '3'}}}, "
        "{name: s, image: s, restartPolicy: Always, resources: {requests: {cpu: 500m}}}]\n"
        "nodeSelector: {disk: fast}"
    )
    send = policy("{nodeSelector: {zone: a}, tolerations: [{key: k, operator: Exists}]}", name="send")
    verdict = _verdict(obj, REQUESTS, send, overhead={"cpu": "50m"})
    assert verdict.before.requests["cpu"] == 3050, "the init container, before the others start"
    assert verdict.before.unsized["cpu"] == {"app"}
    assert verdict.after.unsized["cpu"] == set()
    assert verdict.after.node_selector == {"disk": "fast", "zone": "a"}
    assert [each.key for each in verdict.after.tolerations] == ["k"]


def test_diff_shows_what_changes_and_nothing_else() -> None:
    view = pod_view(pod("volumes: [{name: v, emptyDir: {}}]", container="resources: {limits: {memory: 1Gi}}"))
    ref = Ref("Pod", "default", "p")
    workload = Workload(ref=ref, owner=ref, admitted=view, written=view)
    verdict = judge(workload, snapshot(REQUESTS), NOT_ENFORCED, with_diff=True)
    assert verdict.diff.splitlines() == [
        " containers:",
        " - name: app",
        "   resources:",
        "     limits:",
        "       memory: 1Gi",
        "+    requests:",
        "+      cpu: 100m",
    ]


def test_as_if_enforced_turns_audit_into_enforce_and_leaves_off_off() -> None:
    within = snapshot(
        AUDITED,
        policy("{mode: 'Off', nodeSelector: {a: b}}", name="never"),
        labels={"podtailor.dev/mode": "audit"},
        mode=Mode.AUDIT,
    )
    verdict = _verdict(pod(metadata=owned("ReplicaSet")), within=what_if.enforced(within))
    assert [item.policy for item in verdict.items] == ["tried"]
    stays = snapshot(REQUESTS, labels={"podtailor.dev/mode": "off"})
    assert _verdict(pod(), within=what_if.enforced(stays)).finding is Finding.SKIPPED


def test_nothing_slipped_through_before_somebody_says_so() -> None:
    enforcement = structs.replace(_in_force(REQUESTS), since="2026-06-01T00:00:00Z")
    assert _verdict(pod(), REQUESTS, enforcement=enforcement, created=LATER).finding is Finding.WOULD_CHANGE
