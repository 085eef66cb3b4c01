"""Warnings about podtailor labels and annotations that are misspelt, misplaced or unknown."""

from __future__ import annotations

import pytest

from tests.support.pods import decide, pod, policy, snapshot
from webhook.engine.metadata_warnings import misplaced_keys
from webhook.model.pod import ObjectMeta

ANY = policy("resizePolicy: {cpu: NotRequired}")


@pytest.mark.parametrize("value", ["disable", "false", "Disabled", "no", "true", ""])
@pytest.mark.parametrize("kind", ["labels", "annotations"])
def test_switch_with_an_unknown_value_is_off_and_says_so(value: str, kind: str) -> None:
    decision = decide(pod(metadata=f"{kind}: {{podtailor.dev/injection: '{value}'}}"), snapshot(ANY))
    assert decision.patch == []
    assert str(decision.exemption) == f"opted-out: Pod {kind[:-1]} podtailor.dev/injection={value}"
    assert len(decision.warnings) == 1
    assert "podtailor.dev/injection" in str(decision.warnings[0])
    assert "counts as disabled" in str(decision.warnings[0])


@pytest.mark.parametrize("value", ["disable", "false", "Disabled"])
def test_switch_of_a_namespace_with_an_unknown_value_is_off_and_says_so(value: str) -> None:
    decision = decide(pod(), snapshot(ANY, labels={"podtailor.dev/injection": value}))
    assert decision.patch == []
    assert [*map(str, decision.warnings)] == [
        f"unknown-injection: namespace label podtailor.dev/injection={value!r} counts as disabled: write enabled or disabled"
    ]


@pytest.mark.parametrize(
    ("metadata", "warning"),
    [
        pytest.param("annotations: {podtailor.dev/skip-container: app}", "unknown-key: Pod annotation podtailor.dev/skip-container: did you mean podtailor.dev/skip-containers?", id="a key that is nearly one"),
        pytest.param("labels: {podtailor.dev/skip-containers: app}", "unknown-key: Pod label podtailor.dev/skip-containers: podtailor reads it as a Pod annotation", id="an annotation as a label"),
        pytest.param("annotations: {podtailor.dev/workload-type: gpu}", "unknown-key: Pod annotation podtailor.dev/workload-type: podtailor reads it as a Pod label", id="a label as an annotation"),
        pytest.param("labels: {podtailor.dev/mode: audit}", "unknown-key: Pod label podtailor.dev/mode: podtailor reads it as a namespace label", id="a namespace's label on a Pod"),
        pytest.param("annotations: {podtailor.dev/injection: enabled}", "unknown-key: Pod annotation podtailor.dev/injection: podtailor reads it as a Pod label", id="a switch as an annotation that opts nothing out"),
        pytest.param("labels: {podtailor.dev/zzz: a}", "unknown-key: Pod label podtailor.dev/zzz: known keys: podtailor.dev/injection, podtailor.dev/workload-type, podtailor.dev/preset", id="a key that is like none"),
    ],
)  # fmt: skip
def test_says_what_an_unknown_key_could_be(metadata: str, warning: str) -> None:
    decision = decide(pod(metadata=metadata), snapshot(ANY))
    assert [*map(str, decision.warnings)] == [warning]
    assert decision.patch, "it is no switch"


@pytest.mark.parametrize(
    "metadata",
    [
        "labels: {podtailor.dev/injection: enabled, podtailor.dev/workload-type: gpu, podtailor.dev/preset: jvm}",
        "annotations: {podtailor.dev/skip-containers: app, podtailor.dev/applied: '{}'}",
        "labels: {app: x, example.com/injection: 'false'}",
    ],
)
def test_says_nothing_of_what_is_known_or_not_ours(metadata: str) -> None:
    assert decide(pod(metadata=metadata), snapshot(ANY)).warnings == ()


def test_says_no_more_than_an_answer_has_room_for() -> None:
    before = pod()
    before["metadata"]["labels"] = {f"podtailor.dev/{'x' * 300_000}{number}": "a" for number in range(20)}
    warnings = decide(before, snapshot(ANY)).warnings
    assert len(warnings) == 5
    assert max(len(str(each)) for each in warnings) == 256


def test_names_what_stands_on_a_controller_and_is_read_of_its_pods() -> None:
    own = ObjectMeta(
        labels={"podtailor.dev/injection": "disabled", "app": "x", "podtailor.dev/preset": "jvm"}
    )
    template = ObjectMeta(labels={"podtailor.dev/preset": "jvm"})
    assert [*map(str, misplaced_keys(own, template, "Deployment"))] == [
        "misplaced-key: podtailor.dev/injection is set on the Deployment, but read from its Pods: set it in the Pod template"
    ]
