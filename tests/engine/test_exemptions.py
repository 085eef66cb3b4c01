"""Which Pods are exempt, and which are not."""

from __future__ import annotations

import pytest

from tests.support.pods import Json, decide, pod, policy, snapshot
from webhook.engine.exemptions import MAX_PARTS

ANY = policy("nodeSelector: {a: b}")


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
        pytest.param(
            pod(f"tolerations: {[{'key': str(n), 'operator': 'Exists'} for n in range(MAX_PARTS + 1)]}"),
            {},
            "too-large",
            id="more parts than any real Pod has",
        ),
        pytest.param(pod(), {"podtailor.dev/mode": "off"}, "mode-off", id="namespace that is off"),
    ],
)
def test_exempt(obj: Json, labels: dict[str, str], reason: str) -> None:
    decision = decide(obj, snapshot(ANY, labels=labels))
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
def test_not_exempt(obj: Json) -> None:
    assert decide(obj, snapshot(ANY)).patch
