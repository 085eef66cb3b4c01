"""A bare Pod that is applied a second time is accepted, as it is without podtailor, and has no difference."""

from __future__ import annotations

import json

import pytest

from tests.e2e.controlplane.cluster import ControlPlane
from tests.support.pods import Json, pod

GREEDY = "tests/e2e/greedy-policies.yaml"
OWN = "tolerations: [{key: mine, operator: Exists}]"
SELECTOR = "nodeSelector: {disk: ssd}"
EXPRESSIONS = "{matchExpressions: [{key: mine, operator: Exists}]}"
REQUIRED = f"requiredDuringSchedulingIgnoredDuringExecution: {{nodeSelectorTerms: [{EXPRESSIONS}]}}"
PREFERRED = f"preferredDuringSchedulingIgnoredDuringExecution: [{{weight: 1, preference: {EXPRESSIONS}}}]"
CPU = "resizePolicy: [{resourceName: cpu, restartPolicy: NotRequired}]"


@pytest.fixture(scope="module")
def webhook_flags() -> list[str]:
    return ["--builtin=strict", f"--policies={GREEDY}"]


@pytest.mark.parametrize("flags", [["--server-side"], []], ids=["server-side", "client-side"])
@pytest.mark.parametrize(
    "manifest",
    [
        pytest.param(pod(), id="without lists of its own"),
        pytest.param(pod(OWN), id="with tolerations"),
        pytest.param(pod("tolerations: []"), id="with an empty list of tolerations"),
        pytest.param(pod(SELECTOR), id="with a nodeSelector"),
        pytest.param(pod(f"affinity: {{nodeAffinity: {{{REQUIRED}}}}}"), id="with required terms"),
        pytest.param(pod(f"affinity: {{nodeAffinity: {{{PREFERRED}}}}}"), id="with preferences"),
        pytest.param(pod("affinity: {nodeAffinity: {}}"), id="with an empty nodeAffinity"),
        pytest.param(pod("affinity: {podAntiAffinity: {}}"), id="with another affinity"),
        pytest.param(pod(f"{OWN}\n{SELECTOR}", container=CPU), id="with all of them"),
    ],
)
def test_same_pod_is_applied_twice(
    cluster: ControlPlane, namespace: str, manifest: Json, flags: list[str]
) -> None:
    (container,) = manifest["spec"]["containers"]
    spec = {**manifest["spec"], "containers": [{**container, "name": "c0"}]}  # by which the policies know it
    text = json.dumps({**manifest, "metadata": {"name": "p"}, "spec": spec})
    for _ in range(2):
        cluster.kubectl("apply", *flags, "-n", namespace, "-f", "-", stdin=text)
    assert cluster.kubectl("diff", *flags, "-n", namespace, "-f", "-", stdin=text) == ""
    stored = cluster.kubectl_json("get", "pod", "p", "-n", namespace)
    assert stored["spec"]["containers"][0]["resources"]["requests"], "what can be added is added"
