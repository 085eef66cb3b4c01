"""The custom resource definitions of 0.1 are replaced by these while policies exist: none is lost or locked."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.controlplane.cluster import ControlPlane, KubectlError
from tests.policies.documents import HEAD
from tests.policies.test_compile import EVERY_FIELD
from tests.support.pods import Json, yaml
from tests.support.processes import eventually
from webhook.documents import yaml_dump
from webhook.model.policy import BUILT_IN_ORDER
from webhook.policies.shipped import Profile, built_in_text, preset_names, preset_text

OLD, NEW = "tests/e2e/crds-0.1", "manifests/crds"
# Presets of fields that 0.1 did not have.
NEWER = {"amd64-only", "arm64-ready"}
# 0.1 stored such patterns and kinds; today they are refused in a new policy.
ODD = f"""{HEAD}
  match: {{images: ['Redis:7', a//b], ownerKinds: [deployment, StatefulSets]}}
  containers: {{images: ['app@sha256:00']}}
"""
STATUS = """
status:
  conditions:
  - {type: Ready, status: "True", reason: InForce, message: as written, observedGeneration: 1,
     lastTransitionTime: "2026-11-21T12:00:00Z"}
"""


def _policies() -> Iterator[Json]:
    """Every policy that ships, one of each kind with every field, and an odd one."""
    for name in preset_names():
        if name not in NEWER:
            yield yaml(preset_text(name))
    for profile in (Profile.SAFE, Profile.STRICT):
        for name in BUILT_IN_ORDER:
            yield _named(f"{profile}-{name}", yaml(built_in_text(profile, name)))
    every = yaml(EVERY_FIELD)
    for field in ("recommend", "exclude", "nodeAffinity"):  # which 0.1 did not have
        del every["spec"][field]
    for clause in ("imagePlatforms", "resources"):
        del every["spec"]["match"][clause]
    yield _named("every-field", every)
    namespaced = _named("every-field", copy.deepcopy(every), kind="WorkloadPolicy", namespace="default")
    del namespaced["spec"]["match"]["namespaceSelector"]
    yield namespaced
    yield _named("odd", yaml(ODD))


def _named(name: str, document: Json, *, kind: str = "ClusterWorkloadPolicy", **namespace: str) -> Json:
    return {**document, "kind": kind, "metadata": {"name": name, **namespace}}


def _content(policies: list[Json]) -> list[Json]:
    """What no write of a label may change."""
    return [
        {"uid": each["metadata"]["uid"], "spec": each["spec"], "status": each["status"]} for each in policies
    ]


def _is_refused(cluster: ControlPlane, document: Json) -> bool:
    try:
        cluster.kubectl("create", "--dry-run=server", "-f", "-", stdin=yaml_dump.dump(document))
    except KubectlError as error:
        return "is invalid" in str(error)
    return False


@pytest.mark.parametrize("flags", [[], ["--server-side"]], ids=["apply", "server-side apply"])
def test_policies_of_0_1_stay(cluster: ControlPlane, tmp_path: Path, flags: list[str]) -> None:
    file = tmp_path / "policies.yaml"
    file.write_text("---\n".join(map(yaml_dump.dump, _policies())))
    policies = ["-f", str(file)]
    try:
        cluster.kubectl("apply", *flags, "--warnings-as-errors", "-k", OLD)
        cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", "crd", "--all")
        cluster.kubectl("create", *policies)
        cluster.kubectl("patch", *policies, "--subresource=status", "--type=merge", f"--patch={STATUS}")
        before = cluster.kubectl_json("get", *policies)["items"]
        assert all(each["status"]["conditions"][0]["reason"] == "InForce" for each in before)
        assert not _is_refused(cluster, _named("another", yaml(ODD)))

        cluster.kubectl("apply", *flags, "--warnings-as-errors", "-k", NEW)
        eventually("the new schema is in use", lambda: _is_refused(cluster, _named("another", yaml(ODD))))

        after = cluster.kubectl_json("get", *policies)["items"]
        assert after == before, "nothing is lost, nothing is added"
        # Also of the odd one, which is no longer valid: the API server validates only what changes.
        cluster.kubectl("label", *policies, "reviewed=today")
        labelled = cluster.kubectl_json("get", *policies)["items"]
        assert [each["metadata"]["labels"]["reviewed"] for each in labelled] == ["today"] * len(before)
        assert _content(labelled) == _content(before)
        cluster.kubectl("patch", "cwp", "odd", "--type=merge", '--patch={"spec": {"priority": 7}}')
        valid = '{"spec": {"match": null, "containers": null}}'
        cluster.kubectl("patch", "cwp", "odd", "--type=merge", f"--patch={valid}")
    finally:
        cluster.kubectl("delete", "-k", NEW, "--ignore-not-found")
