"""AdmissionReviews: whole answers, and what the API server checks of them."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from typing import Any

import pytest

from tests.support.pods import Json, decide, pod, policy, snapshot
from tests.support.server import Server, review_of
from webhook.engine.evaluate import Decision
from webhook.engine.snapshot import Snapshot
from webhook.model.denial import Denial, ObjectReference
from webhook.model.notice import Notice
from webhook.server import wire
from webhook.server.metrics import Metrics
from webhook.server.reviewer import Reviewer

LABELLED = pod(
    metadata="labels: {podtailor.dev/workload-type: gpu}",
    container="resources: {requests: {cpu: 1, memory: 1}}",
)


def review(server: Server, obj: Json, **request: Any) -> Json:
    status, body = server.post(json.dumps(review_of(obj, **request)).encode())
    assert status == 200
    answer: Json = json.loads(body)
    return answer


def test_patched(server: Server) -> None:
    answer = review(server, LABELLED)
    patch = json.loads(base64.b64decode(answer["response"].pop("patch")))
    assert answer == {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "response": {
            "uid": "6f0c",
            "allowed": True,
            "patchType": "JSONPatch",
            "auditAnnotations": {"workload-types": "GPU", "policies": "gpu"},
        },
    }
    applied = '{"gpu":["app:resizePolicy.cpu","app:resizePolicy.memory","pod:tolerations"]}'
    assert patch == [
        {
            "op": "add",
            "path": "/spec/containers/0/resizePolicy",
            "value": [
                {"resourceName": "cpu", "restartPolicy": "NotRequired"},
                {"resourceName": "memory", "restartPolicy": "NotRequired"},
            ],
        },
        {
            "op": "add",
            "path": "/spec/tolerations",
            "value": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
        },
        {"op": "add", "path": "/metadata/annotations", "value": {"podtailor.dev/applied": applied}},
    ]


def test_unchanged(server: Server) -> None:
    patch = json.loads(base64.b64decode(review(server, LABELLED)["response"]["patch"]))
    tailored = {**LABELLED, "spec": {**LABELLED["spec"], "tolerations": patch[1]["value"]}}
    tailored["spec"]["containers"] = [
        {**LABELLED["spec"]["containers"][0], "resizePolicy": patch[0]["value"]}
    ]
    assert review(server, tailored)["response"] == {
        "uid": "6f0c",
        "allowed": True,
        "auditAnnotations": {"workload-types": "GPU", "policies": "gpu"},
    }


def test_denied() -> None:
    bounds = "{limits: [{type: Container, min: {cpu: 1}}], onViolation: Deny}".replace("1", "'1'")
    decision = decide(pod(), snapshot(policy(f"resources: {bounds}", name="small")))
    message = "minimum cpu usage per Container is 1.  No request is specified"
    assert json.loads(_decided(decision)) == {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "response": {
            "uid": "6f0c",
            "allowed": False,
            "status": {
                "code": 403,
                "reason": "Forbidden",
                "message": f"podtailor: policy small: container app: {message}",
            },
            "warnings": [f"podtailor: violation: small: app: {message}"],
            "auditAnnotations": {"workload-types": "General", "policies": "small"},
        },
    }


def test_exempt(server: Server) -> None:
    assert review(server, pod("os: {name: windows}"))["response"] == {
        "uid": "6f0c",
        "allowed": True,
        "auditAnnotations": {
            "left-alone": "windows: Windows Pods cannot be resized, and their resources have other semantics"
        },
    }


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param({"operation": "UPDATE"}, id="an update"),
        pytest.param({"operation": "DELETE", "object": None}, id="a deletion"),
        pytest.param({"subResource": "resize", "operation": "UPDATE"}, id="a resize"),
        pytest.param({"kind": {"group": "apps", "version": "v1", "kind": "Deployment"}}, id="another kind"),
        pytest.param({"kind": {"group": "", "version": "v2", "kind": "Pod"}}, id="another version"),
        pytest.param({"operation": ""}, id="no operation"),
    ],
)
def test_everything_but_the_creation_of_a_pod_is_exempt(server: Server, request_: Json) -> None:
    assert review(server, LABELLED, **request_)["response"] == {"uid": "6f0c", "allowed": True}


@pytest.mark.parametrize(
    ("obj", "words"),
    [
        pytest.param({"spec": {"containers": 3}}, "$.spec.containers", id="field of another type"),
        pytest.param([], "got `array`", id="no object"),
        pytest.param(None, "got `null`", id="null"),
        pytest.param("Pod", "got `str`", id="a string"),
    ],
)
def test_unreadable_pod_is_allowed_with_a_warning(server: Server, obj: Any, words: str) -> None:
    status, body = server.post(
        json.dumps({**review_of(pod()), "request": {**review_of(pod())["request"], "object": obj}}).encode()
    )
    response = json.loads(body)["response"]
    assert (status, response["allowed"], "patch" in response) == (200, True, False)
    (warning,) = response["warnings"]
    assert warning.startswith("podtailor: unreadable-pod: left unchanged")
    assert words in warning


def test_dry_run_gets_the_same_patch(server: Server) -> None:
    dry = 'podtailor_admission_requests_total{dry_run="true",result="patched"}'
    before, dry_before = server.metric('podtailor_mutations_total{field="tolerations"'), server.metric(dry)
    assert review(server, LABELLED, dryRun=True) == review(server, LABELLED)
    assert server.metric(dry) == dry_before + 1
    assert server.metric('podtailor_mutations_total{field="tolerations"') == before + 1, (
        "one of the two was real"
    )


def test_changes_of_audited_policies_are_reported_and_not_made() -> None:
    tried = policy("mode: Audit\nresizePolicy: {cpu: NotRequired}", name="tried")
    response = json.loads(_decided(decide(pod(), snapshot(tried))))["response"]
    assert response == {
        "uid": "6f0c",
        "allowed": True,
        "warnings": ["podtailor: audit only, not changed: tried: app:resizePolicy.cpu"],
        "auditAnnotations": {"workload-types": "General", "would-change": "tried: app:resizePolicy.cpu"},
    }


def test_warnings_are_few_and_short() -> None:
    response = json.loads(wire.allowed("u", [Notice("x", "x" * 1000)] * 50))["response"]
    assert [len(warning) for warning in response["warnings"]] == [256] * 5


def test_audit_annotation_keys_are_valid() -> None:
    tried = policy("mode: Audit\nresizePolicy: {cpu: NotRequired}", name="tried")
    on = policy("nodeSelector: {a: b}", name="applies")
    notes = json.loads(_decided(decide(pod(), snapshot(tried, on))))["response"]["auditAnnotations"]
    assert set(notes) == {"workload-types", "policies", "would-change"}
    assert all(re.fullmatch(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?", key) for key in notes)


def _decided(decision: Decision) -> bytes:
    return wire.decided("6f0c", decision, decision.patch)


def _denying() -> Snapshot:
    bounds = "{limits: [{type: Container, min: {cpu: '1'}}], onViolation: Deny}"
    return snapshot(policy(f"resources: {bounds}", name="small"))


def _denials(obj: Json, **request: Any) -> list[Denial]:
    """What is handed over for Events."""
    denials: list[Denial] = []
    reviewer = Reviewer(_denying(), Metrics(), denials.append)
    asyncio.run(reviewer.review(json.dumps(review_of(obj, **request)).encode()))
    return denials


_OWNERS = """ownerReferences:
- {apiVersion: v1, kind: Node, name: node-1, uid: u1}
- {apiVersion: apps/v1, kind: ReplicaSet, name: web-7d, uid: u2, controller: true}
"""


@pytest.mark.parametrize(
    ("metadata", "regarding"),
    [
        pytest.param(
            _OWNERS, ObjectReference("apps/v1", "ReplicaSet", "web-7d", "default", "u2"), id="its controller"
        ),
        pytest.param("name: alone", ObjectReference("v1", "Pod", "alone", "default"), id="the Pod itself"),
    ],
)
def test_refused_pod_is_handed_over_with(metadata: str, regarding: ObjectReference) -> None:
    (denial,) = _denials(pod(metadata=metadata))
    assert (denial.regarding, denial.policies) == (regarding, ("small",))
    assert denial.message.startswith("podtailor: policy small: container app: minimum cpu usage")


@pytest.mark.parametrize(
    ("obj", "request_"),
    [
        pytest.param(pod(), {"dryRun": True}, id="in a dry run"),
        pytest.param(pod(container="resources: {requests: {cpu: 2}}"), {}, id="that is allowed"),
        pytest.param(pod(metadata="{name: null, generateName: x-}"), {}, id="without owner and name"),
        pytest.param(
            pod(metadata=_OWNERS.replace("web-7d", "w" * 300)), {}, id="with an owner of no valid name"
        ),
        pytest.param(
            pod(metadata=_OWNERS.replace("web-7d", '"web\\e[2J"')),
            {},
            id="with an owner's name for terminals",
        ),
        pytest.param(
            pod(metadata=_OWNERS.replace("u2", "2")), {}, id="with an owner that no API server sends"
        ),
    ],
)
def test_pod_is_not_handed_over(obj: Json, request_: Json) -> None:
    assert _denials(obj, **request_) == []
