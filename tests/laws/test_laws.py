"""The laws over every example and over generated Pods, under policies that want everything."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.support.laws import hold_for, keeps_bounds
from tests.support.pods import Json, decide, policy, policy_of, yaml
from tests.support.policy_strategies import namespaces, policies
from tests.support.strategies import FEW, pods
from webhook.documents.files import read_file
from webhook.engine.snapshot import Snapshot, snapshot_of
from webhook.model.policy import Scope
from webhook.model.subject import Namespace
from webhook.policies.load import load_or_raise
from webhook.policies.shipped import Profile, built_in

GREEDY = (
    *load_or_raise(["tests/e2e/greedy-policies.yaml"]),
    policy(
        """
        nodeSelector: {zone: other}
        resizePolicy: {cpu: NotRequired}
        """,
        name="own",
        kind="WorkloadPolicy",
        namespace="default",
    ),
)
EVERYWHERE = Scope()
ALONE = [policy for policy in GREEDY if policy.name == "guaranteed"]

SNAPSHOTS = {
    "built-in, safe": snapshot_of(built_in(Profile.SAFE)),
    "built-in, strict": snapshot_of(built_in(Profile.STRICT)),
    "every edit at once": snapshot_of((*GREEDY, *built_in(Profile.STRICT))),
    "Guaranteed alone": snapshot_of(ALONE),
}

EXAMPLES = [
    (f"{file.name}:{document.first_line}", document.data)
    for file in sorted(Path("examples").rglob("*.yaml"))
    for document in read_file(str(file))
    if "template" in document.data.get("spec", {})
]


@examples(500)
@given(pods(FEW))
def test_laws_hold_for_generated_pods(pod: Json) -> None:
    """Each Pod under each snapshot: to generate one takes longer than to review it."""
    for name, snapshot in SNAPSHOTS.items():
        note(name)
        hold_for(pod, snapshot)


@examples(200)
@given(pods(FEW), st.lists(policies(), min_size=1, max_size=4), namespaces())
def test_laws_hold_for_generated_policies(pod: Json, generated: list[Json], namespace: Namespace) -> None:
    made = [policy_of({**each, "metadata": {"name": f"p{at}"}}) for at, each in enumerate(generated)]
    within = snapshot_of((*made, *built_in(Profile.STRICT)), namespaces={namespace.name: namespace})
    after = hold_for(pod, within)
    for each in namespace.container_bounds:
        keeps_bounds(each, pod, after, EVERYWHERE)
    for enforced in decide(pod, within).enforced:
        if enforced.resources:
            keeps_bounds(enforced.resources.container, pod, after, enforced.containers)


@pytest.mark.parametrize("snapshot", SNAPSHOTS.values(), ids=SNAPSHOTS)
@pytest.mark.parametrize("data", [data for _, data in EXAMPLES], ids=[name for name, _ in EXAMPLES])
def test_laws_hold_for_templates_of_examples(data: Json, snapshot: Snapshot) -> None:
    hold_for(data["spec"]["template"], snapshot)


def test_laws_notice_a_law_that_is_broken() -> None:
    """The suite can fail: a Pod whose own value is replaced is noticed."""
    from tests.support.laws import _everything_kept  # noqa: PLC0415 (private, for this test alone)

    with pytest.raises(AssertionError):
        _everything_kept(yaml("a: {b: 1}"), yaml("a: {b: 2}"), ())
