"""nodeAffinity: the header of webhook/edits/node_affinity.py."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.examples import examples
from tests.support.pods import Json, decide, owned, pod, policy, policy_of, snapshot, tailored
from tests.support.policy_strategies import NODE_RULES
from tests.support.strategies import KEYS, NODE_AFFINITIES
from webhook.edits.node_affinity import MAX_TERMS
from webhook.model.draft import Reason
from webhook.model.names import WorkloadType

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
SSD = {"key": "disk", "operator": "In", "values": ["ssd", "nvme"]}
REQUIRES = policy("nodeAffinity: {required: [{key: disk, operator: In, values: [ssd, nvme]}]}")
ARM = {
    "weight": 50,
    "preference": {
        "matchExpressions": [{"key": "kubernetes.io/arch", "operator": "In", "values": ["arm64"]}]
    },
}
PREFERS = policy(
    "nodeAffinity: {preferred: [{weight: 50, matchExpressions: [{key: kubernetes.io/arch, operator: In, values: [arm64]}]}]}"
)


def _required(*terms: str) -> str:
    return f"affinity: {{nodeAffinity: {{{REQUIRED}: {{nodeSelectorTerms: [{', '.join(terms)}]}}}}}}"


def _preferred(*expressions: str) -> str:
    return f"affinity: {{nodeAffinity: {{{PREFERRED}: [{{weight: 1, preference: {{matchExpressions: [{', '.join(expressions)}]}}}}]}}}}"


_ZONE = "{matchExpressions: [{key: zone, operator: Exists}]}"
_NODE = "{matchFields: [{key: metadata.name, operator: In, values: [n1]}]}"


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        pytest.param(pod("nodeSelector: {disk: hdd}"), Reason.KEPT, id="leaves a label that the Pod selects"),
        pytest.param(
            pod(_required(_ZONE, "{matchExpressions: [{key: disk, operator: NotIn, values: [hdd]}]}")),
            Reason.NODE_AFFINITY,
            id="leaves a label that one required term names",
        ),
        pytest.param(pod(_preferred("{key: disk, operator: Exists}")), Reason.NODE_AFFINITY, id="leaves a label that a preference names"),
        pytest.param(pod(_required("{}")), Reason.NODE_AFFINITY, id="leaves a term that matches no Node"),
        pytest.param(pod(_required("{matchExpressions: [], matchFields: null}")), Reason.NODE_AFFINITY, id="leaves an empty term that matches no Node"),
        pytest.param(pod(_required(*[_ZONE] * (MAX_TERMS + 1))), Reason.NODE_AFFINITY, id="leaves very many terms"),
        pytest.param(pod(_required()), Reason.NODE_AFFINITY, id="leaves a list without terms"),
        pytest.param(pod(metadata=owned("DaemonSet")), Reason.DAEMON_SET, id="leaves Pods that a DaemonSet controls"),
        pytest.param(pod("nodeName: n1"), Reason.NODE_NAME, id="leaves Pods that are bound already"),
        pytest.param(
            pod(_required("{matchExpressions: [{key: disk, operator: In, values: [ssd, nvme]}]}", "{}")),
            None,
            id="leaves a Pod that requires as much",
        ),
    ],
)  # fmt: skip
def test_leaves(before: Json, reason: Reason | None) -> None:
    outcome = decide(before, snapshot(REQUIRES)).outcome
    assert outcome.changes == ()
    assert [(each.field, each.reason) for each in outcome.skips] == (
        [("pod:nodeAffinity.disk", reason)] if reason else []
    )


@pytest.mark.parametrize(
    ("before", "terms"),
    [
        pytest.param(
            pod(_required(*[_ZONE] * MAX_TERMS)),
            [{"matchExpressions": [{"key": "zone", "operator": "Exists"}, SSD]}] * MAX_TERMS,
            id="changes many terms",
        ),
        pytest.param(pod(), [{"matchExpressions": [SSD]}], id="changes a Pod without affinity"),
        pytest.param(pod("affinity: null"), [{"matchExpressions": [SSD]}], id="changes a null affinity"),
        pytest.param(
            pod(f"affinity: {{nodeAffinity: {{{REQUIRED}: null}}}}"), [{"matchExpressions": [SSD]}], id="changes null terms"
        ),
        pytest.param(
            pod(_required(_ZONE, _NODE, "{}", "{matchExpressions: null}")),
            [
                {"matchExpressions": [{"key": "zone", "operator": "Exists"}, SSD]},
                {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n1"]}], "matchExpressions": [SSD]},
                {},
                {"matchExpressions": None},
            ],
            id="changes every term that can match",
        ),
        pytest.param(
            pod(_required("{matchExpressions: [{key: zone, operator: Exists}], futureField: kept}")),
            [{"matchExpressions": [{"key": "zone", "operator": "Exists"}, SSD], "futureField": "kept"}],
            id="changes beside fields that it does not know",
        ),
    ],
)  # fmt: skip
def test_changes(before: Json, terms: list[Json]) -> None:
    affinity = tailored(before, REQUIRES)["spec"]["affinity"]["nodeAffinity"]
    assert affinity[REQUIRED]["nodeSelectorTerms"] == terms


@pytest.mark.parametrize(
    ("before", "preferences"),
    [
        pytest.param(pod(), [ARM], id="changes a Pod without preferences"),
        pytest.param(pod(_preferred("{key: zone, operator: Exists}")), ["zone", ARM], id="changes behind the Pod's own"),
        pytest.param(pod(_preferred("{key: beta.kubernetes.io/arch, operator: Exists}")), ["beta.kubernetes.io/arch"], id="leaves a label that a preference names"),
        pytest.param(pod(_required("{}")), [ARM], id="changes beside terms that match no Node"),
    ],
)  # fmt: skip
def test_preferences(before: Json, preferences: list[Json | str]) -> None:
    after = tailored(before, PREFERS)["spec"]["affinity"]["nodeAffinity"].get(PREFERRED) or []
    own = [each["preference"]["matchExpressions"][0]["key"] for each in after if each != ARM]
    assert [*own, *(each for each in after if each == ARM)] == preferences


def test_policy_may_require_and_prefer_values_of_one_label() -> None:
    both = policy(
        """
        nodeAffinity:
          required: [{key: disk, operator: Exists}, {key: disk, operator: NotIn, values: [tape]}]
          preferred:
          - {weight: 9, matchExpressions: [{key: disk, operator: In, values: [nvme]}]}
          - {weight: 1, matchExpressions: [{key: disk, operator: In, values: [ssd]}, {key: zone, operator: Exists}]}
        """
    )
    affinity = tailored(pod(), both)["spec"]["affinity"]["nodeAffinity"]
    assert len(affinity[REQUIRED]["nodeSelectorTerms"][0]["matchExpressions"]) == 2
    assert [each["weight"] for each in affinity[PREFERRED]] == [9, 1]
    own_zone = tailored(pod("nodeSelector: {zone: a}"), both)["spec"]["affinity"]["nodeAffinity"]
    assert [each["weight"] for each in own_zone[PREFERRED]] == [9], "no part of a preference is set alone"


def test_first_policy_to_name_a_label_keeps_it() -> None:
    first = policy("priority: 5\nnodeAffinity: {required: [{key: disk, operator: Exists}]}", name="first")
    second = policy(
        "nodeAffinity: {required: [{key: disk, operator: DoesNotExist}, {key: zone, operator: Exists}]}",
        name="second",
    )
    outcome = decide(pod(), snapshot(first, second)).outcome
    assert [(each.policy.name, each.field) for each in outcome.changes] == [
        ("first", "pod:nodeAffinity.disk"),
        ("second", "pod:nodeAffinity.zone"),
    ]
    (conflict,) = outcome.conflicts
    assert (conflict.field, conflict.value, conflict.winning_value) == (
        "pod:nodeAffinity.disk",
        "disk DoesNotExist",
        "disk Exists",
    )


@pytest.mark.parametrize("label", ["kubernetes.io/arch", "beta.kubernetes.io/arch"])
def test_label_that_a_policy_selects_is_left(label: str) -> None:
    """Both together could leave no Node to run on."""
    selects = policy(f"nodeSelector: {{{label}: amd64}}", name="selects")
    outcome = decide(pod(), snapshot(PREFERS, selects)).outcome
    assert [each.policy.name for each in outcome.changes] == ["selects"]
    assert [(each.field, each.policy.name) for each in outcome.conflicts] == [
        ("pod:nodeSelector.kubernetes.io/arch", "test")
    ]


def test_two_architectures_change_no_type() -> None:
    both = policy(
        "nodeAffinity: {required: [{key: kubernetes.io/arch, operator: In, values: [amd64, arm64]}]}"
    )
    assert decide(tailored(pod(), both), snapshot(both)).types == (WorkloadType.GENERAL,)


def admits(spec: Json, labels: dict[str, str], name: str) -> bool:
    """Whether the scheduler lets the Pod onto the Node (plugin NodeAffinity, `GetRequiredNodeAffinity`)."""
    if any(labels.get(key) != (value or "") for key, value in (spec.get("nodeSelector") or {}).items()):
        return False
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get(REQUIRED)
    return required is None or any(_term_holds(term, labels, name) for term in required["nodeSelectorTerms"])


def _term_holds(term: Json, labels: dict[str, str], name: str) -> bool:
    expressions, fields = term.get("matchExpressions") or [], term.get("matchFields") or []
    return (
        bool(expressions or fields) and _hold(expressions, labels) and _hold(fields, {"metadata.name": name})
    )


def _hold(expressions: Iterable[Json], labels: dict[str, str]) -> bool:
    return all(
        _holds(each["operator"], labels.get(each["key"]), each.get("values") or []) for each in expressions
    )


def _holds(operator: str, value: str | None, values: list[str]) -> bool:
    match operator:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
    is_number = value is not None and value.isdecimal()
    return is_number and (int(value or "") > int(values[0])) is (operator == "Gt")


NODES = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(("arm64", "amd64", "a", "", "4", "6")))


@examples(50)
@given(
    NODE_AFFINITIES,
    st.dictionaries(st.sampled_from(KEYS), st.sampled_from(("arm64", "a")), max_size=1),
    st.lists(NODE_RULES, min_size=1, max_size=3),
    st.lists(NODES, min_size=20, max_size=20),
)
def test_no_node_is_admitted_that_the_pod_itself_excludes(
    affinity: Json, selector: dict[str, str], rules: list[Json], nodes: list[dict[str, str]]
) -> None:
    before = pod()
    before["spec"] |= {"affinity": {"nodeAffinity": affinity}, "nodeSelector": selector}
    head = {"apiVersion": "podtailor.dev/v1alpha1", "kind": "ClusterWorkloadPolicy"}
    policies = [
        policy_of({**head, "metadata": {"name": f"p{at}"}, "spec": {"nodeAffinity": each}})
        for at, each in enumerate(rules)
    ]
    after = tailored(before, *policies)
    for at, labels in enumerate(nodes):
        name = f"node-{at}"
        if admits(after["spec"], labels, name):
            assert admits(before["spec"], labels, name)
    assert decide(after, snapshot(*policies)).patch == []


def test_what_evaluates_nodes_tells_them_apart() -> None:
    spec = pod(_required(_ZONE, _NODE, "{}"))["spec"]
    assert admits(spec, {"zone": ""}, "n2")
    assert admits(spec, {}, "n1")
    assert not admits(spec, {}, "n2")
    assert not admits(pod(_required("{}"))["spec"], {"zone": "a"}, "n1")
    assert not admits({**spec, "nodeSelector": {"disk": "ssd"}}, {"zone": "a"}, "n2")
    gt = pod(_required("{matchExpressions: [{key: cores, operator: Gt, values: ['5']}]}"))["spec"]
    assert [admits(gt, {"cores": each}, "n") for each in ("6", "5", "x")] == [True, False, False]
