"""Manifests as webhooks would see their Pods. An end-to-end test compares them with real Pods."""

from __future__ import annotations

import copy
from typing import Any

import jsonpatch
import pytest

from tests.support.pods import Json, decide, pod, snapshot, yaml
from webhook.engine.evaluate import evaluate
from webhook.engine.snapshot import Request
from webhook.model.subject import Namespace, subject_of
from webhook.policies.shipped import Profile, built_in
from webhook.workloads.templates import Manifest, manifests_of

TEMPLATE = {"metadata": {"labels": {"app": "x"}}, "spec": pod()["spec"]}


def _controller(api_version: str, kind: str) -> Json:
    body: Any = {"template": copy.deepcopy(TEMPLATE)}
    if kind == "CronJob":
        body = {"jobTemplate": {"spec": body}}
    obj: Json = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "n", "namespace": "team"}}
    return obj | (body if kind == "PodTemplate" else {"spec": body})


def _only_manifest(obj: Json) -> Manifest:
    (manifest,) = manifests_of(obj)
    return manifest


@pytest.mark.parametrize(
    ("api_version", "kind", "owner", "at"),
    [
        ("v1", "PodTemplate", None, "template"),
        ("v1", "ReplicationController", "ReplicationController", "spec/template"),
        ("apps/v1", "DaemonSet", "DaemonSet", "spec/template"),
        ("apps/v1", "Deployment", "ReplicaSet", "spec/template"),
        ("apps/v1", "ReplicaSet", "ReplicaSet", "spec/template"),
        ("apps/v1", "StatefulSet", "StatefulSet", "spec/template"),
        ("batch/v1", "Job", "Job", "spec/template"),
        ("batch/v1", "CronJob", "Job", "spec/jobTemplate/spec/template"),
    ],
)
def test_controllers(api_version: str, kind: str, owner: str | None, at: str) -> None:
    obj = _controller(api_version, kind)
    manifest = _only_manifest(obj)
    subject = subject_of(manifest.admitted, Namespace("team"), snapshot().accelerators)
    assert (subject.owner, "/".join(map(str, manifest.at)), manifest.namespace) == (owner, at, "team")
    decision = evaluate(Request("team", manifest.admitted), snapshot(*built_in(Profile.SAFE)))
    after = jsonpatch.apply_patch(obj, decision.outcome.operations(manifest.template, manifest.at))
    assert after != obj


def test_pods_of_a_deployment_have_the_label_that_ownerkinds_needs() -> None:
    manifest = _only_manifest(_controller("apps/v1", "Deployment"))
    assert manifest.admitted.metadata is not None
    assert "pod-template-hash" in (manifest.admitted.metadata.labels or {})


@pytest.mark.parametrize(
    "obj",
    [
        {"apiVersion": "v1", "kind": "Service"},
        {"apiVersion": "example.com/v1", "kind": "Deployment", "spec": {"template": TEMPLATE}},
        {"apiVersion": "apps/v1", "kind": "Deployment"},
        {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"template": None}},
        {},
    ],
)
def test_other_objects_make_no_pods(obj: Json) -> None:
    assert manifests_of(obj) == []


def test_patch_for_a_template_has_only_what_policies_set() -> None:
    """Not what the controller and the API server would add."""
    obj = _controller("apps/v1", "StatefulSet")
    obj["spec"]["template"] = yaml("{spec: {containers: [{name: app, resources: {limits: {cpu: 1}}}]}}")
    manifest = _only_manifest(obj)
    decision = evaluate(Request("team", manifest.admitted), snapshot(*built_in(Profile.SAFE)))
    after = jsonpatch.apply_patch(obj, decision.outcome.operations(manifest.template, manifest.at))
    template = after["spec"]["template"]
    assert "metadata" not in template
    assert template["spec"]["containers"][0]["resources"] == {
        "limits": {"cpu": 1},
        "requests": {"memory": "1Gi"},
    }


def test_pod_is_its_own_template() -> None:
    manifest = _only_manifest(pod())
    assert manifest.at == ()
    assert manifest.admitted == manifest.template
    assert decide(pod(), snapshot()).patch == []
