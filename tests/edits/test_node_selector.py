"""nodeSelector: the header of webhook/edits/node_selector.py."""

from __future__ import annotations

import pytest
from msgspec import structs

from tests.support.pods import Json, decide, owned, pod, policy, snapshot, tailored
from webhook.model.draft import Reason
from webhook.model.subject import Namespace

ARM = policy("nodeSelector: {kubernetes.io/arch: arm64}")


def _required(*terms: str) -> str:
    joined = ", ".join(f"{{matchExpressions: [{term}]}}" for term in terms)
    return (
        "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: "
        f"{{nodeSelectorTerms: [{joined}]}}}}}}"
    )


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        pytest.param(
            pod("nodeSelector: {kubernetes.io/arch: amd64}"), Reason.KEPT, id="leaves a key that the Pod sets"
        ),
        pytest.param(
            pod("nodeSelector: {kubernetes.io/arch: arm64}"), None, id="leaves a key that is as proposed"
        ),
        pytest.param(
            pod("nodeSelector: {kubernetes.io/arch: ''}"),
            Reason.KEPT,
            id="leaves a key that is set to nothing",
        ),
        pytest.param(
            pod("nodeSelector: {kubernetes.io/arch: null}"),
            Reason.KEPT,
            id="leaves a key that is set to null",
        ),
        pytest.param(
            pod("nodeSelector: {beta.kubernetes.io/arch: amd64}"),
            Reason.KEPT,
            id="leaves a key that the Pod sets under its old name",
        ),
        pytest.param(
            pod("nodeSelector: {beta.kubernetes.io/arch: arm64}"),
            None,
            id="leaves a key that is as proposed under its old name",
        ),
        pytest.param(
            pod(_required("{key: kubernetes.io/arch, operator: In, values: [amd64]}")),
            Reason.NODE_AFFINITY,
            id="leaves a key that required nodeAffinity names",
        ),
        pytest.param(
            pod(
                _required("{key: zone, operator: Exists}", "{key: beta.kubernetes.io/arch, operator: Exists}")
            ),
            Reason.NODE_AFFINITY,
            id="leaves a key that any term names, under its old name too",
        ),
        pytest.param(
            pod(metadata=owned("DaemonSet")), Reason.DAEMON_SET, id="leaves Pods that a DaemonSet controls"
        ),
        pytest.param(pod("nodeName: n1"), Reason.NODE_NAME, id="leaves Pods that are bound already"),
    ],
)
def test_leaves(before: Json, reason: Reason | None) -> None:
    decision = decide(before, snapshot(ARM))
    assert tailored(before, ARM) == before
    assert [skip.reason for skip in decision.outcome.skips] == ([reason] if reason else [])


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        pytest.param(pod(), {"kubernetes.io/arch": "arm64"}, id="changes a Pod without a selector"),
        pytest.param(
            pod("nodeSelector: {}"), {"kubernetes.io/arch": "arm64"}, id="changes an empty selector"
        ),
        pytest.param(
            pod("nodeSelector: null"), {"kubernetes.io/arch": "arm64"}, id="changes a null selector"
        ),
        pytest.param(
            pod("nodeSelector: {zone: a}"),
            {"zone": "a", "kubernetes.io/arch": "arm64"},
            id="changes by adding to the keys that are there",
        ),
        pytest.param(
            pod("affinity: {nodeAffinity: {}}"),
            {"kubernetes.io/arch": "arm64"},
            id="changes past an empty affinity",
        ),
        pytest.param(
            pod(_required("{key: zone, operator: Exists}")),
            {"kubernetes.io/arch": "arm64"},
            id="changes beside an affinity for other keys",
        ),
        pytest.param(
            pod(metadata=owned("StatefulSet")),
            {"kubernetes.io/arch": "arm64"},
            id="changes a StatefulSet's Pod",
        ),
    ],
)
def test_changes(before: Json, expected: dict[str, str]) -> None:
    assert tailored(before, ARM)["spec"]["nodeSelector"] == expected


OLD = policy("nodeSelector: {beta.kubernetes.io/arch: arm64}", name="old")


@pytest.mark.parametrize("there", ["kubernetes.io/arch", "beta.kubernetes.io/arch"])
def test_old_name_in_a_policy_means_the_same(there: str) -> None:
    before = pod(f"nodeSelector: {{{there}: amd64}}")
    decision = decide(before, snapshot(OLD))
    assert (decision.patch, [skip.reason for skip in decision.outcome.skips]) == ([], [Reason.KEPT])
    before = pod(_required(f"{{key: {there}, operator: Exists}}"))
    assert [skip.reason for skip in decide(before, snapshot(OLD)).outcome.skips] == [Reason.NODE_AFFINITY]


def test_two_names_of_one_label_are_one_key() -> None:
    """Both would ask for a Node of two architectures, which there is none of."""
    new = policy("priority: 1\nnodeSelector: {kubernetes.io/arch: amd64}", name="new")
    decision = decide(pod(), snapshot(OLD, new))
    assert tailored(pod(), OLD, new)["spec"]["nodeSelector"] == {"kubernetes.io/arch": "amd64"}
    assert [(each.policy.name, each.winner.name) for each in decision.outcome.conflicts] == [("old", "new")]


def test_first_policy_to_set_a_key_keeps_it() -> None:
    first = policy("priority: 5\nnodeSelector: {zone: a}", name="first")
    second = policy("nodeSelector: {zone: b, disk: ssd}", name="second")
    decision = decide(pod(), snapshot(first, second))
    assert tailored(pod(), first, second)["spec"]["nodeSelector"] == {"zone": "a", "disk": "ssd"}
    assert [(each.policy.name, each.winner.name) for each in decision.outcome.conflicts] == [
        ("second", "first")
    ]


def test_leaves_a_key_that_the_namespace_decides() -> None:
    namespace = Namespace("default", node_selector={"beta.kubernetes.io/arch": "amd64"})
    within = structs.replace(snapshot(ARM), namespaces={"default": namespace})
    outcome = decide(pod(), within).outcome
    assert outcome.changes == ()
    assert [skip.reason for skip in outcome.skips] == [Reason.NAMESPACE]
