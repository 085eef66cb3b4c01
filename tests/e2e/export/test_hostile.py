"""Policies and Pods that somebody has written to break something: the API server goes on, and they are equal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.e2e.controlplane.cluster import ControlPlane, KubectlError
from tests.e2e.export import random_pods
from tests.e2e.export.admission import Admission
from tests.e2e.export.comparison import Place, Tally
from tests.e2e.export.equality import as_they_are, compare
from tests.e2e.export.in_force import InForce, objects_of
from tests.e2e.export.sets import GREEDY
from tests.support.pods import Json, pod, policy_of
from webhook.export.export import Refused
from webhook.model.names import SKIP_CONTAINERS
from webhook.model.policy import Policy
from webhook.policies.shipped import Profile, built_in

STRICT = built_in(Profile.STRICT)
# Whatever ends a text, begins an expression or means something to a regular expression.
TEXTS = (
    *(
        "'",
        '"',
        "\\",
        "\\'",
        "\\\\",
        "'''",
        '"""',
        "a\nb",
        "\t",
        "\x7f",
        "{{",
        "${x}",
        "')] + [JSONPatch{op: '",
    ),
    *(
        "\U0001f600",
        "\U0010ffff",
        "\u00e9",
        "e\u0301",
        "\u2028",
        "\ufeff",
        ".*",
        "(?i)a",
        "[",
        "^$|",
        "a" * 256,
    ),
)
NAMES = (
    *(
        "a*b*c*d*e*f*g*h*",
        "*-*-*",
        "ap?",
        "[ap]*",
        "(a|b)*",
        "a+*",
        "\\w*",
        "^*",
        "'*",
        '"*',
        "\U0001f600*",
        "a.b*",
    ),
    *("\t*", "a b*", "app*"),
)
_MANY = 200


def _policy(name: str, spec: Json) -> Policy:
    head = {"apiVersion": "podtailor.dev/v1alpha1", "kind": "ClusterWorkloadPolicy"}
    return policy_of({**head, "metadata": {"name": name}, "spec": spec})


def _sets(at: int) -> Json:
    """What no other policy sets."""
    return {"limits": [{"type": "Container", "defaultRequest": {"cpu": f"{at + 1}m"}}]}


def _noted(text: str) -> Json:
    return pod(metadata="annotations: {}") | {"metadata": {"name": "p", "annotations": {"note": text}}}


SETS: dict[str, tuple[Policy, ...]] = {
    "texts": tuple(
        _policy(f"text-{at}", {"match": {"annotations": {"note": text}}, "resources": _sets(at)})
        for at, text in enumerate(TEXTS)
    ),
    "names": tuple(
        _policy(f"name-{at}", {"containers": {"names": [name]}, "resources": _sets(at)})
        for at, name in enumerate(NAMES)
    ),
    "greedy": GREEDY,
}


@pytest.fixture(autouse=True)
def _alive(cluster: ControlPlane) -> Iterator[None]:
    before = cluster.metric("process_start_time_seconds")
    yield
    assert cluster.metric("process_start_time_seconds") == before, "the API server has not ended"


@pytest.fixture(scope="module")
def places(in_force: InForce) -> dict[str, Place]:
    return in_force.places({f"hostile-{name}": policies for name, policies in SETS.items()})


def test_texts_are_only_texts(admission: Admission, places: dict[str, Place]) -> None:
    """Each policy is for one of them; most others match it where it is taken for a pattern or cut short."""
    sent = as_they_are(admission, [_noted(text) for text in (*TEXTS, "", "x")])
    done = compare(admission, [(*each, places["hostile-texts"]) for each in sent], Tally())
    assert [len(each.decision.enforced) for each in done] == [*(1 for _ in TEXTS), 0, 0]


def test_names_are_globs_and_nothing_else(admission: Admission, places: dict[str, Place]) -> None:
    made = pod()
    names = ("app", "ab-c-d", "axbxcxdxexfxgxhx", "a", "w", "aaa", "p", "a-b", "b")
    made["spec"]["containers"] = [{"name": name, "image": "i"} for name in names]
    compare(admission, [(*each, places["hostile-names"]) for each in as_they_are(admission, [made])], Tally())


def _containers(count: int, **fields: object) -> Json:
    made = pod()
    made["spec"]["containers"] = [{"name": f"c{at}", "image": "redis", **fields} for at in range(count)]
    return made


def _tolerating(count: int) -> Json:
    made = pod(metadata=f"annotations: {{{SKIP_CONTAINERS}: app}}")
    made["spec"]["tolerations"] = [
        {"key": f"k{at}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 2**63 - 1 - at}
        for at in range(count)
    ]
    return made


LARGE = {
    "50 tolerations": _tolerating(50),
    "996 tolerations": _tolerating(996),
    "250 containers": _containers(250),
    "251 containers": _containers(251),
    "166 containers with requests and limits": _containers(
        166, resources={"requests": {"cpu": "1", "memory": "1"}}
    ),
    "200 containers with an accelerator": _containers(160, resources={"limits": {"nvidia.com/gpu": "1"}}),
}


@pytest.mark.parametrize("name", LARGE)
def test_large_pods_are_equal(admission: Admission, places: dict[str, Place], name: str) -> None:
    """Up to the largest that podtailor tailors, under policies that want everything."""
    (sent,) = as_they_are(admission, [LARGE[name]])
    compare(admission, [(*sent, places["hostile-greedy"])], Tally())


def many_policies(count: int) -> tuple[Policy, ...]:
    """Of as many teams; and the ones that ship."""
    made = [
        _policy(
            f"team-{at}",
            {
                "match": {"podSelector": {"matchLabels": {"app": f"app-{at}"}}},
                "resizePolicy": {"memory": "RestartContainer"},
                "nodeSelector": {"pool": f"pool-{at}"},
                "tolerations": [{"key": "team", "value": f"t{at}", "effect": "NoSchedule"}],
                "resources": {**_sets(at), "limitFactor": {"memory": "1.5"}},
            },
        )
        for at in range(count)
    ]
    return (*made, *STRICT)


def _most_that_fit() -> tuple[Policy, ...]:
    """All of them, or as many as the exporter does not refuse."""
    for count in (_MANY, _MANY // 2, _MANY // 4):
        policies = many_policies(count)
        with suppress(Refused):
            objects_of(policies, "hostile-many")
            return policies
    raise AssertionError("not even fifty policies can be exported")


@pytest.mark.soak
def test_many_policies_are_equal_or_refused(
    admission: Admission, in_force: InForce, cluster: ControlPlane
) -> None:
    """And too large for the copy that `kubectl apply` keeps in an annotation: --server-side it must be."""
    policies = _most_that_fit()
    made = objects_of(policies, "hostile-many")
    where = in_force.places({"hostile-many": policies})["hostile-many"]
    sent = [*random_pods.pods(7, 10), _containers(50)]
    for at, each in enumerate(sent):
        each["metadata"].setdefault("labels", {})["app"] = f"app-{at * 20}"
    compare(admission, [(*each, where) for each in as_they_are(admission, sent)], Tally())
    if len(str(made)) > 262_144:
        with pytest.raises(KubectlError, match="Too long"):
            cluster.kubectl("apply", "-f", "-", stdin=json.dumps(made[0]))
