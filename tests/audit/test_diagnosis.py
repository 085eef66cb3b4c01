"""Why a live Pod is as it is: each reason, in the words that a person reads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import structs

from certs.issue import issue_authority, issue_serving
from tests.support.pods import Json, owned, pod, policy, snapshot
from webhook.audit.cluster.installation import Installation
from webhook.audit.diagnosis import ClusterContext, diagnose
from webhook.audit.drift import expected_of_template
from webhook.audit.enforcement import Enforcement, ExportedScope, Scope
from webhook.audit.judge import judge
from webhook.engine.explain import explain
from webhook.engine.snapshot import Request
from webhook.model.names import Mode
from webhook.model.pod import pod_view
from webhook.model.policy import Policy
from webhook.model.selectors import Requirement, Selector
from webhook.model.subject import Namespace
from webhook.workloads.workload import Expected, Ref, Workload

NOW = datetime(2026, 2, 1, tzinfo=UTC)
EVERYBODY = Scope(Selector(()), Selector(()), "2026-01-01T00:00:00Z")
OURS = issue_authority(NOW, timedelta(days=10))
SERVED = issue_serving(OURS, ["a"], NOW, timedelta(days=5)).certificate_pem
REQUESTS = policy("{resources: {limits: [{type: Container, defaultRequest: {cpu: 100m}}]}}")
LATER = "2026-01-02T00:00:01Z"


def _diagnosis(
    obj: Json,
    *policies: Policy,
    created: str = LATER,
    labels: dict[str, str] | None = None,
    mode: Mode = Mode.ENFORCE,
    webhook: Scope | None = EVERYBODY,
    bundle: bytes = OURS.certificate_pem,
    served: bytes | None = SERVED,
    expected: Expected | None = None,
    **enforcement: Any,
) -> list[str]:
    within = snapshot(*policies, labels=labels, mode=mode)
    ref, view = Ref("Pod", "default", "p"), pod_view(obj)
    times = {(each.source, each.key): "2026-01-02T00:00:00Z" for each in policies}
    in_force = Enforcement(webhook=webhook, policies=times, **enforcement)
    context = ClusterContext(
        namespace=Namespace("default", labels or {}),
        installed=Installation(webhook=webhook, bundle=bundle),
        enforcement=in_force,
        served=served,
        now=NOW,
    )
    workload = Workload(ref=ref, owner=ref, admitted=view, written=view, created=created, expected=expected)
    verdict = judge(workload, within, in_force)
    return diagnose(workload, explain(Request("default", view), within), verdict, context)


@pytest.mark.parametrize(
    ("obj", "policies", "known", "reason"),
    [
        pytest.param(pod(), [REQUESTS], {"webhook": None, "since": LATER, "created": "2026-01-03T00:00:00Z"}, "the API server does not call podtailor now: there is no MutatingWebhookConfiguration podtailor", id="not installed"),
        pytest.param(pod(), [REQUESTS], {"bundle": b""}, "the API server cannot call podtailor now: the webhook configuration has no caBundle", id="no caBundle"),
        pytest.param(pod(), [REQUESTS], {"bundle": issue_authority(NOW, timedelta(days=1)).certificate_pem}, "the API server cannot call podtailor now: its certificate is not signed by a CA in the caBundle", id="another CA"),
        pytest.param(pod(), [REQUESTS], {"served": issue_serving(OURS, ["a"], NOW - timedelta(days=9), timedelta(days=1)).certificate_pem}, "the API server cannot call podtailor now: its certificate is expired", id="expired"),
        pytest.param(pod(), [REQUESTS], {"bundle": b"no PEM"}, "the API server cannot call podtailor now: its certificate cannot be verified: the caBundle is not PEM", id="caBundle is not PEM"),
        pytest.param(pod(metadata="labels: {podtailor.dev/injection: disabled}"), [REQUESTS], {}, "exempt: opted-out: Pod label podtailor.dev/injection=disabled", id="opted out"),
        pytest.param(pod(), [REQUESTS], {"webhook": structs.replace(EVERYBODY, namespaces=Selector((Requirement("a", "Exists"),)))}, "not-selected: the webhook selects namespaces with a, and default does not match", id="not selected"),
        pytest.param(pod(), [REQUESTS], {"mode": Mode.AUDIT}, "mode: Audit, so changes are only reported", id="audit"),
        pytest.param(pod(), [], {}, "no enforced policy matches; the list below gives the reasons", id="no policy"),
        pytest.param(pod(container="resources: {requests: {cpu: 1}}"), [REQUESTS], {}, "it has its own value for each field that the policies propose", id="already set"),
        pytest.param(pod(metadata=owned("DaemonSet")), [policy("{nodeSelector: {a: b}}")], {}, "every value that the policies propose is skipped: 1 daemonset", id="DaemonSet"),
        pytest.param(pod(), [REQUESTS], {"created": "2026-01-01T12:00:00Z"}, "it lacks app:requests.cpu from policy test: the Pod was created at 2026-01-01T12:00:00Z, policy test last changed at 2026-01-02T00:00:00Z", id="made before"),
        pytest.param(pod(), [REQUESTS], {"namespaces": {"default": "2026-01-31T00:00:00Z"}}, f"it lacks app:requests.cpu from policy test: the Pod was created at {LATER}, namespace default last changed at 2026-01-31T00:00:00Z", id="namespace came in later"),
        pytest.param(pod(metadata="annotations: {podtailor.dev/applied: '{}'}", container="resources: {requests: {cpu: 100m}}"), [REQUESTS], {}, "the Pod's annotation says podtailor set {}", id="tailored"),
    ],
)  # fmt: skip
def test_reason(obj: Json, policies: list[Policy], known: Json, reason: str) -> None:
    assert _diagnosis(obj, *policies, **known)[0] == reason


def test_what_cannot_be_known_is_said_as_such() -> None:
    (reason,) = _diagnosis(pod(), REQUESTS)
    assert reason == (
        f"it lacks app:requests.cpu from policy test: the Pod was created at {LATER}, policy test last changed "
        "at 2026-01-02T00:00:00Z. Whether the policy was in force in between is unknown: a label removed from "
        "a namespace leaves no time. Pods that the API server let through without a review are counted by "
        'apiserver_admission_webhook_fail_open_count{name="pods.podtailor.dev"}'
    )
    mark = "annotations: {podtailor.dev/applied: '{}'}"
    _, reason = _diagnosis(pod(metadata=mark), REQUESTS)
    assert reason.endswith(
        "podtailor reviewed the Pod, or metadata that the policy matches was written after creation"
    )


def test_resized_pod_is_not_as_a_new_one_would_be() -> None:
    view = pod_view(pod())
    wanted = expected_of_template("default", view, view, snapshot(REQUESTS))
    mark = 'annotations: {podtailor.dev/applied: \'{"test":["app:requests.cpu"]}\'}'
    resized = pod(metadata=mark, container="resources: {requests: {cpu: 150m}}")
    assert _diagnosis(resized, REQUESTS, expected=wanted)[1:] == [
        "app:requests.cpu is 150m; it should be 100m: the policy sets another value, so it has been resized"
    ]
    assert _diagnosis(resized, REQUESTS, expected=wanted, created="2026-01-01T00:00:00Z")[1:] == [
        "app:requests.cpu is 150m; a new Pod would have 100m: the policy sets another value now"
    ]


def test_pod_that_the_api_server_let_through_is_said_with_what_shows_it() -> None:
    earlier = "2026-01-02T00:00:00.5Z"
    (reason,) = _diagnosis(pod(), REQUESTS, first_applied={"default": {("test", "requests.cpu"): earlier}})
    assert reason.startswith(
        f"it lacks app:requests.cpu from policy test: the Pod was created at {LATER}, when the policy was in force: "
        f"a Pod created at {earlier} got it from this policy. "
    )
    assert 'apiserver_admission_webhook_fail_open_count{name="pods.podtailor.dev"} counts them' in reason


def test_where_an_exported_policy_alone_tailors_its_counter_is_named() -> None:
    elsewhere = structs.replace(EVERYBODY, namespaces=Selector((Requirement("a", "Exists"),)))
    exported = ExportedScope(EVERYBODY, frozenset({(REQUESTS.source, REQUESTS.key)}))
    known: Json = {"webhook": elsewhere, "exported": (exported,), "knows_tailors": True}
    _, unknown = _diagnosis(pod(), REQUESTS, **known)
    assert unknown.endswith(
        "Pods that the API server let through because an expression failed are counted by "
        'apiserver_mutating_admission_policy_check_total{error_type!="no_error"}'
    )
    _, by_both = _diagnosis(pod(), REQUESTS, **{**known, "webhook": EVERYBODY})
    assert by_both.endswith('apiserver_admission_webhook_fail_open_count{name="pods.podtailor.dev"}')
    applied = {"default": {("test", "requests.cpu"): "2026-01-02T00:00:00.5Z"}}
    _, known_since = _diagnosis(pod(), REQUESTS, first_applied=applied, **known)
    assert "If an expression fails, the API server lets Pods through" in known_since


def test_certificate_that_cannot_be_read_is_not_judged() -> None:
    assert _diagnosis(pod(container="resources: {requests: {cpu: 1}}"), REQUESTS, served=None) == [
        "it has its own value for each field that the policies propose"
    ]
