"""Exported policies make of every Pod what the webhook makes of it, to the letter."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence

import pytest

from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.export import fixture_pods, random_pods, random_policies
from tests.e2e.export.admission import Admission, Answer
from tests.e2e.export.comparison import Place, Tally
from tests.e2e.export.equality import as_they_are, compare
from tests.e2e.export.in_force import InForce, objects_of
from tests.e2e.export.random_pods import Lot
from tests.e2e.export.sets import SETS
from tests.support.pods import Json
from webhook.export.export import Refused
from webhook.model.policy import Policy
from webhook.policies.shipped import Profile, built_in

pytestmark = pytest.mark.usefixtures("without_errors")

PODS = max(500, int(os.environ.get("PODTAILOR_E2E_PODS", "0")))
SEED = int(os.environ.get("PODTAILOR_E2E_SEED", "1"))
_PODS_A_SET = 60
_SETS_AT_ONCE = 10
# Of each kind so many are set at least, of 500 Pods.
FIELDS = {
    "resizePolicy.cpu": 1000,
    "resizePolicy.memory": 1000,
    "requests.cpu": 700,
    "requests.memory": 700,
    "limits.cpu": 500,
    "limits.memory": 500,
    "limits.ephemeral-storage": 100,
    "nodeSelector": 100,
    "nodeAffinity": 100,
    "tolerations": 100,
}


@pytest.fixture(scope="module")
def tally() -> Tally:
    return Tally()


@pytest.fixture(scope="module")
def places(in_force: InForce) -> dict[str, Place]:
    return in_force.places(SETS)


@pytest.fixture(scope="module")
def plain(admission: Admission, in_force: InForce) -> list[tuple[Json, Answer]]:  # noqa: ARG001 (it makes the namespace)
    """Random Pods that the API server takes, each as it is without anybody's doing."""
    return as_they_are(admission, random_pods.pods(SEED, PODS))


@pytest.mark.parametrize("name", SETS)
def test_random_pods_are_equal(
    admission: Admission,
    places: dict[str, Place],
    plain: Sequence[tuple[Json, Answer]],
    tally: Tally,
    name: str,
) -> None:
    """Each Pod under one of the sets, in turn."""
    at = [*SETS].index(name)
    compare(admission, [(*each, places[name]) for each in plain[at :: len(SETS)]], tally)


@pytest.mark.parametrize("name", SETS)
def test_pods_of_files_are_equal(
    admission: Admission, places: dict[str, Place], tally: Tally, name: str
) -> None:
    of_files = as_they_are(admission, (pod for _, pod in fixture_pods.pods()))
    assert len(of_files) > 30
    compare(admission, [(*each, places[name]) for each in of_files], tally)


def test_random_policies_are_equal(
    admission: Admission, in_force: InForce, plain: Sequence[tuple[Json, Answer]], tally: Tally
) -> None:
    """In namespaces that have labels and annotations by lot too."""
    groups = [plain[at : at + _PODS_A_SET] for at in range(0, len(plain), _PODS_A_SET)]
    for start in range(0, len(groups), _SETS_AT_ONCE):
        now = groups[start : start + _SETS_AT_ONCE]
        made = _random_places(in_force, range(start, start + len(now)))
        compare(
            admission,
            [(*each, where) for group, where in zip(now, made, strict=True) for each in group],
            tally,
        )


def _random_places(in_force: InForce, numbers: Iterable[int]) -> list[Place]:
    sets = {f"random-{number}": random_set(number, f"export-random-{number}") for number in numbers}
    spoken = {name: random_pods.namespace(Lot(f"{SEED} {name}")) for name in sets}
    return [*in_force.places(sets, spoken).values()]


def random_set(number: int, namespace: str) -> list[Policy]:
    """One that sets something."""
    for attempt in _attempts():
        lot = Lot(f"{SEED} {number} {attempt}")
        found = random_policies.policies(lot, lot.randint(1, 5), namespace)
        if lot.sometimes(0.5):
            found += built_in(Profile.STRICT)
        try:
            objects_of(found, "tried")
        except Refused:
            continue
        return found
    raise AssertionError("no set of policies sets anything")


def _attempts() -> Iterator[int]:
    return iter(range(100))


def test_much_has_been_compared(
    tally: Tally, capsys: pytest.CaptureFixture[str], record_property: Callable[[str, object], None]
) -> None:
    """What is equal because nothing is set proves nothing."""
    if not tally.pods:
        pytest.skip("the comparisons of this module have not run before")
    with capsys.disabled():
        print(f"\nexported policies against the engine: {tally}")
    record_property("compared", str(tally))
    few = {kind: tally.fields[kind] for kind, most in FIELDS.items() if tally.fields[kind] < most}
    assert not few, "so few have been set of these"
    assert tally.pods["left alone"] > 100


def test_api_server_has_seen_every_set(cluster: ControlPlane, places: dict[str, Place]) -> None:
    """By its own count, with both passes."""
    for name in places:
        seen = cluster.metric(
            "apiserver_mutating_admission_policy_check_total", policy=f"export-{name}", error_type="no_error"
        )
        assert seen > 0, name
