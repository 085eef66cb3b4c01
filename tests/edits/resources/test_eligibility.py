"""Pods and containers that must not be given requests or limits."""

from __future__ import annotations

import pytest

from tests.support.pods import Json, decide, pod, policy, snapshot, tailored
from webhook.model.draft import Reason
from webhook.policies.shipped import Profile, built_in


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(pod(metadata="annotations: {target.workload.openshift.io/management: '{}'}"), id="leaves Pods of a partitioned workload"),
        pytest.param(pod(metadata="annotations: {management.workload.openshift.io/cores: '1'}"), id="leaves Pods with its cores as annotation"),
        pytest.param(pod(container="resources: {limits: {management.workload.openshift.io/cores: 100}}"), id="leaves Pods with its cores as resource"),
        pytest.param(pod("nodeName: n1"), id="leaves bound Pods"),
    ],
)  # fmt: skip
def test_leaves_resources(before: Json) -> None:
    after = tailored(before, within=snapshot(*built_in(Profile.STRICT)))
    assert after["spec"]["containers"][0].get("resources") == before["spec"]["containers"][0].get("resources")
    assert "resizePolicy" in after["spec"]["containers"][0]


def test_bound_pods_get_a_resize_policy_at_most() -> None:
    greedy = policy(
        "resizePolicy: {cpu: NotRequired}\nnodeSelector: {a: b}\ntolerations: [{operator: Exists}]\n"
        "resources: {limits: [{type: Container, defaultRequest: {cpu: 1m}, default: {memory: 1Gi}}]}"
    )
    decision = decide(pod("nodeName: n1"), snapshot(greedy))
    assert [change.field for change in decision.outcome.changes] == ["app:resizePolicy.cpu"]
    assert {skip.reason for skip in decision.outcome.skips} == {Reason.NODE_NAME}
