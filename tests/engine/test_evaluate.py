"""Exemptions, the annotation, warnings."""

from __future__ import annotations

import json

import pytest

from tests.support.pods import Json, decide, pod, policy, snapshot, tailored
from webhook.engine.evaluate import evaluate
from webhook.engine.snapshot import Request, Snapshot, snapshot_of
from webhook.model.names import APPLIED
from webhook.model.pod import pod_view

EVERYTHING = policy(
    "resizePolicy: {cpu: NotRequired}\nnodeSelector: {a: b}\ntolerations: [{operator: Exists}]\n"
    "resources: {limits: [{type: Container, defaultRequest: {cpu: 1m}}]}"
)


def affinity(os: str) -> str:
    term = f"matchExpressions: [{{key: kubernetes.io/os, operator: {os}}}]"
    required = f"requiredDuringSchedulingIgnoredDuringExecution: {{nodeSelectorTerms: [{{{term}}}]}}"
    return f"affinity: {{nodeAffinity: {{{required}}}}}"


@pytest.mark.parametrize(
    ("obj", "labels", "reason"),
    [
        pytest.param(pod(metadata="namespace: kube-system"), {}, "excluded-namespace", id="kube-system"),
        pytest.param(pod(metadata="namespace: kube-public"), {}, "excluded-namespace", id="kube-public"),
        pytest.param(
            pod(metadata="namespace: kube-node-lease"), {}, "excluded-namespace", id="kube-node-lease"
        ),
        pytest.param(
            pod(metadata="namespace: podtailor-system"), {}, "excluded-namespace", id="our own namespace"
        ),
        pytest.param(
            pod(), {"podtailor.dev/injection": "disabled"}, "namespace-opted-out", id="opted-out namespace"
        ),
        pytest.param(
            pod(metadata="labels: {podtailor.dev/injection: disabled}"), {}, "opted-out", id="opted-out Pod"
        ),
        pytest.param(
            pod(metadata="annotations: {kubernetes.io/config.mirror: x}"), {}, "mirror-pod", id="mirror Pod"
        ),
        pytest.param(pod("os: {name: windows}"), {}, "windows", id="Windows by its os"),
        pytest.param(
            pod("nodeSelector: {kubernetes.io/os: windows}"), {}, "windows", id="Windows by its selector"
        ),
        pytest.param(
            pod("nodeSelector: {beta.kubernetes.io/os: windows}"), {}, "windows", id="Windows by the old key"
        ),
        pytest.param(pod(affinity("In, values: [windows]")), {}, "windows", id="Windows by its affinity"),
        pytest.param(
            pod(affinity("In, values: [linux, windows]")),
            {},
            "windows",
            id="Windows as one of two by affinity",
        ),
        pytest.param(pod(affinity("NotIn, values: [linux]")), {}, "windows", id="anything but Linux"),
        pytest.param(
            pod("priorityClassName: system-node-critical"), {}, "critical-priority", id="node-critical Pod"
        ),
        pytest.param(
            pod("priorityClassName: system-cluster-critical"),
            {},
            "critical-priority",
            id="cluster-critical Pod",
        ),
        pytest.param(pod(), {"podtailor.dev/mode": "off"}, "mode-off", id="namespace that is off"),
    ],
)
def test_leaves_alone(obj: Json, labels: dict[str, str], reason: str) -> None:
    decision = decide(obj, snapshot(EVERYTHING, labels=labels))
    assert decision.patch == []
    assert decision.exemption is not None
    assert decision.exemption.reason == reason


@pytest.mark.parametrize(
    "obj",
    [
        pytest.param(pod("os: {name: linux}"), id="Linux"),
        pytest.param(pod(affinity("In, values: [linux]")), id="Linux by its affinity"),
        pytest.param(pod(affinity("NotIn, values: [windows]")), id="anything but Windows"),
        pytest.param(pod("priorityClassName: high"), id="another priority class"),
        pytest.param(pod(metadata="labels: {podtailor.dev/injection: enabled}"), id="opted-in Pod"),
    ],
)
def test_changes_the_others(obj: Json) -> None:
    assert decide(obj, snapshot(EVERYTHING)).patch


def test_namespace_is_the_requests() -> None:
    """API servers before 1.24 leave it out of the Pod."""
    obj = pod(metadata="namespace: null")
    assert evaluate(Request("kube-system", pod_view(obj)), snapshot(EVERYTHING)).exemption


def test_unknown_namespace_is_unlabelled() -> None:
    assert evaluate(Request("new", pod_view(pod())), snapshot(EVERYTHING)).patch


@pytest.mark.parametrize(
    ("obj", "warning"),
    [
        pytest.param(
            pod(metadata="annotations: {podtailor.dev/skip-containers: 'gone,app'}"),
            "unknown-container: annotation podtailor.dev/skip-containers names gone: the Pod has no such container",
            id="unknown container to skip",
        ),
        pytest.param(
            pod(container="resources: {limits: {nvidia.com/gpu: 40}}"),
            "too-many-devices: container app requests 40, more than 16: counted as one",
            id="more devices than any Node has",
        ),
        pytest.param(
            pod(metadata="labels: {podtailor.dev/workload-type: fpga}"),
            "unknown-workload-type: label podtailor.dev/workload-type: fpga is not one of gpu, stateful, arm64, general",
            id="unknown workload type",
        ),
    ],
)
def test_warns(obj: Json, warning: str) -> None:
    assert [*map(str, decide(obj, snapshot(EVERYTHING)).warnings)] == [warning]


class TestAnnotation:
    """`podtailor.dev/applied`: who set what."""

    SNAPSHOT = snapshot_of([EVERYTHING])

    def applied(self, obj: Json, within: Snapshot = SNAPSHOT) -> str | None:
        annotations = tailored(obj, within=within)["metadata"].get("annotations") or {}
        said: str | None = annotations.get(APPLIED)
        return said

    FIELDS = '["app:requests.cpu","app:resizePolicy.cpu","pod:nodeSelector.a","pod:tolerations"]'

    def test_says_policy_and_sorted_fields_compactly(self) -> None:
        assert self.applied(pod()) == f'{{"test":{self.FIELDS}}}'

    def test_joins_what_an_older_one_says(self) -> None:
        older = pod(metadata="""annotations: {podtailor.dev/applied: '{"z":["x:y"],"test":["b:c"]}'}""")
        assert json.loads(self.applied(older) or "") == {
            "test": sorted([*json.loads(self.FIELDS), "b:c"]),
            "z": ["x:y"],
        }

    def test_adds_to_an_older_count(self) -> None:
        assert (
            self.applied(pod(metadata="""annotations: {podtailor.dev/applied: '{"test":7}'}"""))
            == '{"test":11}'
        )

    @pytest.mark.parametrize("text", ["not json", "[1]", '{"a":{}}', "3", ""])
    def test_replaces_what_cannot_be_read(self, text: str) -> None:
        older = pod()
        older["metadata"]["annotations"] = {APPLIED: text}
        assert self.applied(older) == f'{{"test":{self.FIELDS}}}'

    def test_counts_where_fields_would_take_more_than_4_kib(self) -> None:
        many = pod()
        many["spec"]["containers"] = [{"name": f"container-number-{n}"} for n in range(200)]
        assert self.applied(many) == '{"test":402}'

    def test_is_left_out_where_annotations_would_become_too_large(self) -> None:
        full = pod()
        full["metadata"]["annotations"] = {"a": "x" * 262_100}
        assert self.applied(full) is None
        assert tailored(full, within=self.SNAPSHOT)["spec"]["tolerations"]

    def test_comes_only_with_another_change(self) -> None:
        assert self.applied(pod(metadata="labels: {podtailor.dev/injection: disabled}")) is None
        assert self.applied(pod(), snapshot_of([policy("")])) is None

    def test_is_left_out_on_request(self) -> None:
        assert self.applied(pod(), snapshot_of([EVERYTHING], annotate=False)) is None
