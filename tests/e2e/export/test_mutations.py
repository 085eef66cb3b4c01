"""The exporter broken on purpose, one rule at a time: the comparison notices each time, so it can fail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from msgspec import Struct

from tests.e2e.export import random_pods
from tests.e2e.export.admission import Admission, Answer, at_once
from tests.e2e.export.comparison import Place, compared, place
from tests.e2e.export.equality import as_they_are
from tests.e2e.export.in_force import InForce, objects_of
from tests.e2e.export.sets import GREEDY
from tests.support.pods import Json, policy
from webhook.export import compile as compiling
from webhook.export import exemptions, export, tolerations
from webhook.export.cel import values as cel
from webhook.export.resources import edit, eligibility
from webhook.model.names import MODE
from webhook.model.policy import Policy

pytestmark = pytest.mark.soak
_PODS, _AT_ONCE = 500, 50
_compiled, _conditions = compiling.compiled, exemptions.conditions
# Beside the greedy ones: policies of which some must leave many Pods alone.
POLICIES: tuple[Policy, ...] = (
    policy("{priority: 90, match: {ownerKinds: [Job]}, nodeSelector: {zone: other}}", name="jobs"),
    policy(
        """
        priority: 80
        match: {images: ["*redis"]}
        resources:
          limits: [{type: Container, min: {memory: 64Mi}, max: {cpu: "4"}}]
          limitFactor: {cpu: "1.333", memory: "1.5"}
        """,
        name="bounds",
    ),
    *GREEDY,
)


class Mutation(Struct, frozen=True):
    """A function of a module in the place of which another one stands; or a change of the objects."""

    module: Any = None
    name: str = ""
    instead: Callable[..., Any] | None = None
    old: str = ""
    """A text of the expressions that becomes `new`."""
    new: str = ""
    labels: dict[str, str] = {}
    """Of the namespace in which it shows."""
    annotations: dict[str, str] = {}


def _without(condition: str) -> Callable[[], Any]:
    return lambda: {name: each for name, each in _conditions().items() if name != condition}


def _false(*_: Any) -> Any:
    return cel.boolean(False)


def _true(*_: Any) -> Any:
    return cel.boolean(True)


def _reversed(policies: Sequence[Policy], *rest: Any) -> Any:
    return _compiled(policies[::-1], *rest)


_SELECTS = {"scheduler.alpha.kubernetes.io/node-selector": "zone=b"}
MUTATIONS = {
    "order": Mutation(export, "compiled", _reversed),
    "superset": Mutation(tolerations, "_is_superset", _false),
    "rounding": Mutation(old="+ 999", new="+ 0"),
    "windows": Mutation(compiling, "conditions", _without("not-for-windows")),
    "critical": Mutation(compiling, "conditions", _without("not-critical")),
    "opted-out": Mutation(compiling, "conditions", _without("not-opted-out")),
    "mode": Mutation(compiling, "namespace_is_enforced", _true, labels={MODE: "audit"}),
    "selector": Mutation(old="pairs[size(pairs) - 1]", new="''", annotations=_SELECTS),
    "pod-level": Mutation(edit, "is_eligible_pod", _true),
    "init": Mutation(eligibility, "_is_step", _false),
    "reconciled": Mutation(edit, "reconciled", lambda one: one),
    "owners": Mutation(old=" in ['Job']", new=" in ['Job', 'ReplicaSet']"),
    "container": Mutation(old="matches('^(?s:c.*)$')", new="matches('^(?s:.*)$')"),
}


@pytest.fixture(scope="module")
def places(in_force: InForce) -> dict[str, Place]:
    in_force.put({f"broken-{name}": _objects(name, each) for name, each in MUTATIONS.items()})
    return {
        name: place(
            in_force.namespace(
                f"export-broken-{name}", f"broken-{name}", dict(each.labels), dict(each.annotations)
            ),
            POLICIES,
        )
        for name, each in MUTATIONS.items()
    }


def _objects(name: str, mutation: Mutation) -> tuple[Json, Json]:
    with pytest.MonkeyPatch.context() as patched:
        if mutation.module:
            patched.setattr(mutation.module, mutation.name, mutation.instead)
        policy, binding = objects_of(POLICIES, f"broken-{name}")
    expressions = [*policy["spec"]["variables"], policy["spec"]["mutations"][0]["jsonPatch"]]
    if mutation.old:
        assert any(mutation.old in each["expression"] for each in expressions), mutation.old
    for each in expressions if mutation.old else ():
        each["expression"] = each["expression"].replace(mutation.old, mutation.new)
    return policy, binding


@pytest.fixture(scope="module")
def plain(admission: Admission, in_force: InForce) -> list[tuple[Json, Answer]]:  # noqa: ARG001 (it makes the namespace)
    return as_they_are(admission, random_pods.pods(1, _PODS))


@pytest.mark.parametrize("name", MUTATIONS)
def test_broken_rule_is_noticed(
    admission: Admission, places: dict[str, Place], plain: list[tuple[Json, Answer]], name: str
) -> None:
    """By one Pod at least, of as many as are compared each time."""
    for start in range(0, len(plain), _AT_ONCE):
        some = plain[start : start + _AT_ONCE]
        if any(at_once(lambda each: compared(admission, *each, places[name]).differs, some)):
            return
    pytest.fail(f"no Pod of {len(plain)} is another with {name} broken")


def test_exporter_is_whole_again() -> None:
    """What was broken is not broken any more, for the tests that follow."""
    assert objects_of(POLICIES, "a")[0] == objects_of(POLICIES, "a")[0]
    for each in MUTATIONS.values():
        assert not each.module or getattr(each.module, each.name) is not each.instead
