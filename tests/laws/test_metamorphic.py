"""What must make no difference: the order of things that have none, and policies about other Pods."""

from __future__ import annotations

import copy
from typing import Any

import jsonpatch
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from tests.support.examples import examples
from tests.support.pods import Json, decide, policy, policy_of
from tests.support.policy_strategies import namespaces, policies
from tests.support.strategies import FEW, pods
from webhook.engine.snapshot import Snapshot, snapshot_of
from webhook.model.names import Mode
from webhook.model.policy import Policy
from webhook.model.subject import Namespace
from webhook.policies.shipped import Profile, built_in

UNRELATED = policy(
    """
    priority: 1000
    match: {images: [no-such-image]}
    nodeSelector: {kubernetes.io/arch: arm64, zone: z}
    tolerations: [{operator: Exists}]
    resizePolicy: {cpu: RestartContainer, memory: RestartContainer}
    resources: {limits: [{type: Container, default: {cpu: 1m}, max: {memory: 1Mi}}], onViolation: Deny}
    """,
    name="a-unrelated",
)


# Nothing is known of any image here, so neither applies.
ABOUT_IMAGES = [
    policy(
        f"""
        priority: 1000
        {clauses}: {{imagePlatforms: {{{rule}: [linux/arm64]}}}}
        nodeSelector: {{kubernetes.io/arch: arm64, zone: z}}
        nodeAffinity: {{required: [{{key: disk, operator: Exists}}]}}
        tolerations: [{{operator: Exists}}]
        """,
        name=f"a-{clauses}-{rule}",
    )
    for clauses in ("match", "exclude")
    for rule in ("all", "lacking")
]


def _worlds() -> st.SearchStrategy[tuple[list[Policy], Namespace]]:
    made = st.lists(policies(), min_size=1, max_size=4).map(
        lambda documents: [
            *(policy_of({**each, "metadata": {"name": f"p{at}"}}) for at, each in enumerate(documents)),
            *built_in(Profile.STRICT),
        ]
    )
    return st.tuples(made, namespaces())


def _within(world: tuple[list[Policy], Namespace]) -> Snapshot:
    all_policies, namespace = world
    return snapshot_of(all_policies, namespaces={namespace.name: namespace})


@examples(150)
@given(pods(FEW), _worlds(), st.randoms(use_true_random=False))
def test_what_makes_no_difference(pod: Json, world: tuple[list[Policy], Namespace], random: Any) -> None:
    """Each for the same Pod and policies: to generate these takes longer than to decide."""
    _order_of_containers(pod, _within(world), random)
    _order_in_which_policies_come(pod, world, random)
    _order_of_keys(pod, _within(world))
    _policies_that_are_only_tried(pod, world, random)
    _policy_about_other_pods(pod, world)


def _order_of_containers(pod: Json, within: Snapshot, random: Any) -> None:
    other = copy.deepcopy(pod)
    random.shuffle(other["spec"]["containers"])
    one, two = _after(pod, within), _after(other, within)
    for made in (one, two):
        made["spec"]["containers"].sort(key=lambda container: container["name"])
    assert one == two


def _after(pod: Json, snapshot: Snapshot) -> Json:
    made: Json = jsonpatch.apply_patch(copy.deepcopy(pod), decide(pod, snapshot).patch)
    return made


def _order_in_which_policies_come(pod: Json, world: tuple[list[Policy], Namespace], random: Any) -> None:
    all_policies, namespace = world
    shuffled = random.sample(all_policies, len(all_policies))
    assert decide(pod, _within(world)).patch == decide(pod, _within((shuffled, namespace))).patch


def _order_of_keys(pod: Json, within: Snapshot) -> None:
    """The very same bytes."""
    assert decide(pod, within).patch == decide(_turned(pod), within).patch


def _turned(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _turned(inner) for key, inner in reversed(value.items())}
    return [_turned(inner) for inner in value] if isinstance(value, list) else value


def _policies_that_are_only_tried(pod: Json, world: tuple[list[Policy], Namespace], random: Any) -> None:
    all_policies, namespace = world
    tried = set(random.sample(range(len(all_policies)), len(all_policies) // 2))
    mixed = [
        structs.replace(each, mode=Mode.AUDIT) if at in tried else each
        for at, each in enumerate(all_policies)
    ]
    in_force = [each for at, each in enumerate(all_policies) if at not in tried]
    assert decide(pod, _within((mixed, namespace))).patch == decide(pod, _within((in_force, namespace))).patch


def _policy_about_other_pods(pod: Json, world: tuple[list[Policy], Namespace]) -> None:
    all_policies, namespace = world
    with_unrelated = _within(([*all_policies, UNRELATED, *ABOUT_IMAGES], namespace))
    assert decide(pod, _within(world)).patch == decide(pod, with_unrelated).patch
