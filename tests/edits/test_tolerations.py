"""tolerations: the header of webhook/edits/tolerations.py."""

from __future__ import annotations

import pytest
from msgspec import structs

from tests.support.pods import Json, decide, owned, pod, policy, snapshot, tailored
from webhook.model.draft import Reason
from webhook.model.pod import Toleration
from webhook.model.subject import Namespace

NVIDIA = policy("tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}]")
PER_VENDOR = policy("accelerators: {tolerations: [{operator: Exists, effect: NoSchedule}]}")


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(pod("tolerations: [{operator: Exists}]"), id="leaves a Pod that tolerates everything"),
        pytest.param(
            pod("tolerations: [{key: nvidia.com/gpu, operator: Exists}]"),
            id="leaves a Pod that tolerates more",
        ),
        pytest.param(pod(metadata=owned("DaemonSet")), id="leaves Pods that a DaemonSet controls"),
        pytest.param(pod("nodeName: n1"), id="leaves Pods that are bound already"),
    ],
)
def test_leaves(before: Json) -> None:
    assert tailored(before, NVIDIA) == before


def test_says_why_a_daemonset_pod_is_left() -> None:
    decision = decide(pod(metadata=owned("DaemonSet")), snapshot(NVIDIA))
    assert [skip.reason for skip in decision.outcome.skips] == [Reason.DAEMON_SET]


@pytest.mark.parametrize(
    ("before", "keys"),
    [
        pytest.param(pod(), ["nvidia.com/gpu"], id="changes a Pod without tolerations"),
        pytest.param(pod("tolerations: null"), ["nvidia.com/gpu"], id="changes a null list"),
        pytest.param(
            pod("tolerations: [{key: x, operator: Exists}]"),
            ["x", "nvidia.com/gpu"],
            id="changes by adding behind those that are there",
        ),
        pytest.param(
            pod("tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoExecute}]"),
            ["nvidia.com/gpu", "nvidia.com/gpu"],
            id="changes a Pod that tolerates another effect only",
        ),
    ],
)
def test_changes(before: Json, keys: list[str]) -> None:
    assert [each.get("key") for each in tailored(before, NVIDIA)["spec"]["tolerations"]] == keys


@pytest.mark.parametrize(
    ("resources", "keys"),
    [
        pytest.param("nvidia.com/gpu: 1", ["nvidia.com/gpu"], id="adds the vendor's own"),
        pytest.param(
            "nvidia.com/mig-1g.5gb: 1", ["nvidia.com/gpu"], id="adds the vendor's main one for a slice"
        ),
        pytest.param("amd.com/gpu: 1", ["amd.com/gpu"], id="adds no other vendor's"),
        pytest.param(
            "amd.com/gpu: 1, nvidia.com/gpu: 2", ["amd.com/gpu", "nvidia.com/gpu"], id="adds one each"
        ),
        pytest.param(
            "habana.ai/gaudi: 8", ["habana.ai/gaudi"], id="adds the resource's name where none is known"
        ),
        pytest.param("cpu: 1", [], id="adds none to a Pod that is no GPU Pod"),
    ],
)
def test_per_vendor(resources: str, keys: list[str]) -> None:
    after = tailored(pod(container=f"resources: {{limits: {{{resources}}}}}"), PER_VENDOR)
    assert [each["key"] for each in after["spec"].get("tolerations", [])] == keys


def test_per_vendor_adds_the_usual_one_where_only_a_label_says_gpu() -> None:
    """Dynamic resource allocation does not show its device in the Pod."""
    after = tailored(pod(metadata="labels: {podtailor.dev/workload-type: gpu}"), PER_VENDOR)
    assert [each["key"] for each in after["spec"]["tolerations"]] == ["nvidia.com/gpu"]


def test_adds_up_over_policies_and_repeats_nothing() -> None:
    other = policy(
        "tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}, {key: other, operator: Exists}]",
        name="zz",
    )
    after = tailored(pod(), NVIDIA, other)
    assert [each["key"] for each in after["spec"]["tolerations"]] == ["nvidia.com/gpu", "other"]


def test_leaves_out_what_the_namespace_does_not_allow() -> None:
    allowed = (Toleration(key="nvidia.com/gpu", operator="Exists"),)
    within = snapshot(NVIDIA, policy("tolerations: [{key: other, operator: Exists}]", name="z"))
    strict = {"default": Namespace("default", allowed_tolerations=allowed)}
    within = structs.replace(within, namespaces=strict)
    outcome = decide(pod(), within).outcome
    assert [change.value["key"] for change in outcome.changes] == ["nvidia.com/gpu"]
    assert [(skip.policy.name, skip.reason) for skip in outcome.skips] == [("z", Reason.NAMESPACE)]
