"""Pods that are sized as a whole: what the API server stores, and which QoS class it gives, as podtailor foretells."""

from __future__ import annotations

from itertools import product

from tests.e2e.client import Client, Refused
from tests.e2e.controlplane.cluster import ControlPlane
from tests.support.pods import Json, pod
from webhook.engine.evaluate import evaluate
from webhook.engine.snapshot import Request, Snapshot
from webhook.model.names import QOS_RESOURCES
from webhook.model.pod import pod_view
from webhook.model.quantity import milli

WHOLE = (
    "{}",
    "{requests: {cpu: '1'}}",
    "{requests: {cpu: 100m, memory: 1Gi}}",
    "{limits: {cpu: '4'}}",
    "{limits: {cpu: '4', memory: 4Gi}}",
    "{requests: {cpu: '2'}, limits: {cpu: '4', memory: 4Gi}}",
    "{requests: {cpu: '0'}, limits: {memory: 4Gi}}",
)
CONTAINER = (
    "{}",
    "{requests: {cpu: 100m}}",
    "{requests: {memory: 1Gi}}",
    "{limits: {cpu: '1'}}",
    "{limits: {cpu: '1', memory: 1Gi}}",
    "{requests: {cpu: 100m}, limits: {cpu: '1', memory: 1Gi}}",
)
INIT = (
    "",
    "{name: i, image: i}",
    "{name: i, image: i, restartPolicy: Always, resources: {limits: {cpu: '2', memory: 1Gi}}}",
)


def test_pod_level_resources_and_qos_class(cluster: ControlPlane, client: Client, spared: str) -> None:
    snapshot = Snapshot(kubernetes=int(cluster.version.split(".")[1]))
    taken = 0
    for whole, container, init in product(WHOLE, CONTAINER, INIT):
        made = pod(
            f"resources: {whole}\ninitContainers: [{init}]", container=f"image: a\nresources: {container}"
        )
        try:
            stored = client.create(spared, made, dry_run=True)
        except Refused:  # such as a request above the limit
            continue
        taken += 1
        request = Request(spared, pod_view(made))
        foretold = snapshot.subject(request).spec.resources
        case = f"{whole} {container} {init}"
        assert evaluate(request, snapshot).outcome.qos.before == stored["status"]["qosClass"], case
        if foretold:
            amounts = {"requests": foretold.requests or {}, "limits": foretold.limits or {}}
            assert _amounts(amounts) == _amounts(stored["spec"]["resources"]), case
        else:
            assert not stored["spec"].get("resources"), case
    assert taken > 80, "most Pods are valid"


def _amounts(resources: Json) -> Json:
    return {
        f"{side}.{resource}": milli(amounts[resource])
        for side, amounts in resources.items()
        for resource in QOS_RESOURCES
        if resource in amounts
    }
