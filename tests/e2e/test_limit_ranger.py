"""podtailor against the API server's own LimitRanger: the same LimitRange here, as a policy there.

Each Pod is created twice (dry run): in a namespace that has the LimitRange, and in one that has not but a
WorkloadPolicy with the items as the API server serves them, which denies. `make e2e N=5000` for the long run.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from itertools import count
from typing import Any, NamedTuple

import pytest
from hypothesis import strategies as st

from tests.e2e.client import Client, Refused
from tests.e2e.controlplane.build import VERSION, minor
from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.webhook import Webhook
from tests.support.pods import Json, decide
from tests.support.policy_strategies import BOUNDS, DEFAULTS, limits
from tests.support.strategies import many, sized_pods
from webhook.engine.snapshot import Snapshot
from webhook.model import quantity

pytestmark = pytest.mark.lets_pods_through  # a refusal counts like a failure of ours

PODS = int(os.environ.get("PODTAILOR_E2E_PODS", "500"))
PODS_A_RANGE = 50
_NUMBERS = count()

# How the two may differ, and why each is right.
FITS = "LimitRanger's own default would make the Pod invalid, and we find a value that fits"
ROOM = "LimitRanger's own default would break a bound, and we find a value that keeps it, or give none"
WHOLE = "the Pod is sized as a whole: LimitRanger sizes its containers all the same, we leave them alone"
WORDS = "both refuse it; LimitRanger speaks of the Pod with its defaults, we of the Pod as it is"
EXPLAINED = (FITS, ROOM, WHOLE, WORDS)
# By which the QoS class differs.
_OF_VERSION = Snapshot(kubernetes=minor(VERSION))
# Of amounts whose sum no int64 holds LimitRanger's sum wraps around, ours does not.
_HUGE = 2**60


@pytest.fixture(scope="module")
def webhook_flags(crds: ControlPlane) -> list[str]:
    return ["--builtin=off", "--no-annotate", "--from-cluster", f"--kubeconfig={crds.kubeconfig}"]


class Outcome(NamedTuple):
    """What became of a Pod: amounts by container, or the status and what was said."""

    resources: Json | None
    status: int = 0
    said: frozenset[str] = frozenset()


def _items() -> st.SearchStrategy[list[Json]]:
    container = limits(*DEFAULTS, *BOUNDS).map(lambda item: {"type": "Container", **item})
    pod = limits(*BOUNDS).map(lambda item: {"type": "Pod", **item})
    return st.one_of(container.map(lambda one: [one]), st.tuples(container, pod).map(list))


def test_same_defaults_same_verdict(
    cluster: ControlPlane, client: Client, webhook: Webhook, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = cluster.create_namespace("no-range", injection="disabled")
    found: Counter[str] = Counter()
    unexplained: list[Json] = []
    pods = many(sized_pods().filter(_adds_up), PODS)
    ranges = iter(many(_items().filter(_adds_up), PODS))
    while pods:
        try:
            theirs, ours, item = _two_namespaces(cluster, client, webhook, next(ranges))
        except Refused:  # no LimitRange, says the API server: a ratio above max / min
            continue
        for _ in range(min(PODS_A_RANGE, len(pods))):
            manifest = pods.pop()
            verdict = _compared(client, plain, theirs, ours, item, manifest)
            found[verdict] += 1
            if verdict not in (*EXPLAINED, "same", "the same refusal", "invalid by itself"):
                unexplained.append({"verdict": verdict, "limits": item, "pod": manifest["spec"]})
    with capsys.disabled():
        print(f"\n{PODS} Pods against LimitRanger: {json.dumps(found, indent=2)}")
    assert unexplained == [], json.dumps(unexplained[:3], indent=1)
    assert found["same"] > PODS / 20
    assert found["the same refusal"] > PODS / 50


def _two_namespaces(
    cluster: ControlPlane, client: Client, webhook: Webhook, items: list[Json]
) -> tuple[str, str, list[Json]]:
    """One with the LimitRange, one with the policy; both in force. Raises Refused."""
    number = next(_NUMBERS)
    spec = {"limits": items}
    limit_range = {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "r"}, "spec": spec}
    theirs = cluster.create_namespace(f"range-{number}", injection="disabled")
    served = client.make(theirs, limit_range)["spec"]["limits"]
    ours = cluster.create_namespace(f"policy-{number}")
    policy = {
        "apiVersion": "podtailor.dev/v1alpha1",
        "kind": "WorkloadPolicy",
        "metadata": {"name": "r"},
        "spec": {"resources": {"limits": served, "onViolation": "Deny"}},
    }
    webhook.knows("workloadpolicies", client.make(ours, policy))
    return theirs, ours, served


def _compared(client: Client, plain: str, theirs: str, ours: str, items: list[Json], manifest: Json) -> str:
    ranged, tailored = _created(client, theirs, manifest), _created(client, ours, manifest)
    if ranged == tailored:
        return "same" if ranged.resources else "the same refusal"
    if not tailored.resources and tailored.status != 403:
        alone = _created(client, plain, manifest)
        return "refused because of us" if alone.resources else "invalid by itself"
    if "resources" in manifest["spec"]:
        return WHOLE
    if not tailored.resources:
        return WORDS if not ranged.resources else "denied, and LimitRanger takes it"
    if ranged.resources:
        return "other values"
    # We took what LimitRanger refused: then what we made of it must be good there, unless we left something
    # out on purpose: LimitRanger would only fill it in again.
    made = client.create(ours, manifest, dry_run=True)
    checked = _created(client, theirs, {**manifest, "spec": _as_sized(manifest, made)})
    if checked.resources != tailored.resources and not _leaves_open(tailored.resources, items):
        return "taken, though LimitRanger refuses even what we made of it"
    return FITS if ranged.status == 422 else ROOM


def _adds_up(value: Any) -> bool:
    return all(amount < _HUGE for amount in _all_amounts(value))


def _all_amounts(value: Any) -> Iterator[int]:
    """Whatever is a quantity in there, in whole units."""
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _all_amounts(inner)
    elif isinstance(value, str) and (amount := quantity.parse(value)):
        yield amount.milli // 1000


def _leaves_open(resources: Json, items: list[Json]) -> bool:
    """Whether a container has less than LimitRanger would give it."""
    given = {
        (side, name)
        for item in items
        for side, field in (("limits", "default"), ("requests", "defaultRequest"))
        for name in item.get(field) or ()
    }
    return any(name not in each[side] for each in resources.values() for side, name in given)


def _as_sized(manifest: Json, made: Json) -> Json:
    """The manifest with the resources of what was made of it."""

    def sized(field: str) -> list[Json]:
        return [
            {**container, "resources": done.get("resources") or {}}
            for container, done in zip(
                manifest["spec"].get(field) or (), made["spec"].get(field) or (), strict=True
            )
        ]

    return {**manifest["spec"], "containers": sized("containers"), "initContainers": sized("initContainers")}


def _created(client: Client, namespace: str, manifest: Json) -> Outcome:
    try:
        made = client.create(namespace, manifest, dry_run=True)
    except Refused as refused:
        # `pods "p" is forbidden: [a, b]` and `denied the request: podtailor: policy p: container c: a; policy p: b`
        said = refused.message.partition(" forbidden: ")[2] or refused.message.partition(" podtailor: ")[2]
        said = re.sub(r"policy [^:]+: (container [^:]+: )?", "", said)
        messages = re.split(r"[,;] (?=[a-z./-]+ max limit|m[ia][nx]imum )", said.strip("[]"))
        return Outcome(None, refused.status, frozenset(messages if refused.status == 403 else ()))
    assert decide(made, _OF_VERSION).outcome.qos.before == made["status"]["qosClass"]
    containers = [*made["spec"]["containers"], *(made["spec"].get("initContainers") or ())]
    return Outcome({each["name"]: _amounts(each.get("resources") or {}) for each in containers})


def _amounts(resources: Json) -> Json:
    return {
        side: {name: quantity.read(raw) for name, raw in sorted((resources.get(side) or {}).items())}
        for side in ("limits", "requests")
    }
