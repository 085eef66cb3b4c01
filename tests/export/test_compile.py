"""All policies as one program: what it is made of, and when Pods are matched a second time."""

from __future__ import annotations

import re

import pytest
from msgspec import structs

from tests.support.pods import policy
from webhook.edits import EDITS
from webhook.export.compile import Compiled, compiled
from webhook.export.program import MAX_DEPTH
from webhook.model.policy import Policy, precedence
from webhook.policies.shipped import Profile, built_in

# Of each edit a policy that asks for it, and how its operations begin.
EDIT_POLICIES = {
    "resizePolicy": ("resizePolicy: {cpu: NotRequired}", "/resizePolicy"),
    "nodeSelector": ("nodeSelector: {zone: a}", "/spec/nodeSelector"),
    "nodeAffinity": (
        "nodeAffinity: {required: [{key: a, operator: Exists}]}",
        "/spec/affinity/nodeAffinity",
    ),
    "tolerations": ("tolerations: [{operator: Exists}]", "/spec/tolerations"),
    "resources": ("resources: {limits: [{type: Container, default: {cpu: '1'}}]}", "/resources/limits"),
}


def made(*policies: Policy) -> Compiled:
    found = compiled(sorted(policies, key=precedence))
    assert found
    return found


def names(of: Compiled) -> list[str]:
    return [each.name for each in of.variables]


@pytest.mark.parametrize("edit", [each.name for each in EDITS])
def test_each_edit_is_compiled(edit: str) -> None:
    spec, path = EDIT_POLICIES[edit]
    patch = made(policy(spec)).patch
    assert path in patch
    assert not [other for name, (_, other) in EDIT_POLICIES.items() if name != edit and other in patch]


def test_edits_are_in_the_order_of_the_engine() -> None:
    """An operation makes what a later one is added to."""
    patch = made(policy("\n".join(spec for spec, _ in EDIT_POLICIES.values()))).patch
    places = [patch.index(EDIT_POLICIES[each.name][1]) for each in EDITS]
    assert places == sorted(places)


@pytest.mark.parametrize("spec", ["{}", "priority: 1", "match: {ownerKinds: [Job]}"])
def test_policies_that_set_nothing(spec: str) -> None:
    assert compiled([policy(spec)]) is None
    assert compiled([]) is None


def test_all_is_within_the_mode_of_the_namespace() -> None:
    patch = made(*built_in(Profile.STRICT)).patch
    assert re.match(
        r"variables\.namespaceLabels\[\?'podtailor\.dev/injection'\].* && .*'podtailor\.dev/mode'.* \? ",
        patch,
    )
    assert patch.endswith(" : []")


@pytest.mark.parametrize(
    "spec",
    [
        "nodeSelector: {zone: arm64}",
        "nodeSelector: {kubernetes.io/arch: amd64}",
        "match: {workloadTypes: [ARM64]}\nnodeSelector: {kubernetes.io/arch: arm64}",
        "tolerations: [{key: kubernetes.io/arch, value: arm64}]",
    ],
)
def test_pods_are_matched_once(spec: str) -> None:
    """No policy makes an ARM64 Pod of another."""
    assert "matchesOnArm64" not in names(made(policy(spec)))


@pytest.mark.parametrize(
    "spec",
    [
        "nodeSelector: {kubernetes.io/arch: arm64}",
        "nodeSelector: {beta.kubernetes.io/arch: arm64}",
        "match: {workloadTypes: [ARM64, General]}\nnodeSelector: {kubernetes.io/arch: arm64}",
    ],
)
def test_pods_are_matched_again_where_a_policy_sends_them_to_arm64(spec: str) -> None:
    """Also by the other policies, whose edits are decided by that."""
    tolerating = policy("match: {workloadTypes: [ARM64]}\ntolerations: [{key: arm64}]", name="tolerating")
    found = {each.name: each.expression for each in made(policy(spec), tolerating).variables}
    assert "variables.sentToArm64" in found["typesOnArm64"]
    assert "variables.typesOnArm64" in found["matchesOnArm64"]
    assert "variables.matchesOnArm64[" in found["proposedTolerations"]
    assert "variables.matches[" in found["sentToArm64"]


def test_what_is_not_asked_for_is_not_printed() -> None:
    found = names(made(policy("tolerations: [{operator: Exists}]")))
    assert "addedTolerations" in found
    assert not {"deviceCounts", "requested", "selectedLabels", "resizable"} & {*found}


def test_many_policies_fit() -> None:
    """More than the parser has levels: nothing is nested more deeply for each policy."""
    one = policy(
        """
        match: {podSelector: {matchLabels: {app: web}}}
        resizePolicy: {cpu: NotRequired}
        nodeAffinity:
          required: [{key: rack, operator: Exists}]
          preferred: [{weight: 1, matchExpressions: [{key: row, operator: Exists}]}]
        tolerations: [{key: x, operator: Exists}]
        resources: {limits: [{type: Container, default: {cpu: '1'}, max: {memory: 1Gi}}]}
        """
    )
    many = [
        structs.replace(one, name=f"p{number:04}", node_selector={f"pool{number}": "a", "zone": f"a{number}"})
        for number in range(MAX_DEPTH + 10)
    ]
    assert made(*many).variables
