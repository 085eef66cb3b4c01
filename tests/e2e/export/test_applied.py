"""Bare Pods that users apply, and texts that Python and CEL could read in two ways."""

from __future__ import annotations

import json
from typing import Any

import jsonpatch
import pytest

from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.export.admission import PLAIN, Admission
from tests.e2e.export.comparison import Place, Tally
from tests.e2e.export.equality import as_they_are, compare
from tests.e2e.export.in_force import InForce
from tests.support.pods import Json, pod, policy
from webhook.engine.evaluate import evaluate
from webhook.engine.snapshot import Request
from webhook.model.names import SKIP_CONTAINERS
from webhook.model.pod import pod_view
from webhook.policies.shipped import Profile, built_in

pytestmark = pytest.mark.usefixtures("without_errors")

EVERYTHING = policy(
    """
    resizePolicy: {cpu: NotRequired, memory: RestartContainer}
    nodeSelector: {disk: ssd}
    nodeAffinity:
      required: [{key: cores, operator: Exists}]
      preferred: [{weight: 1, matchExpressions: [{key: rack, operator: Exists}]}]
    tolerations: [{key: x, operator: Exists}]
    """
)
TERM = "{matchExpressions: [{key: mine, operator: Exists}]}"
REQUIRED = f"requiredDuringSchedulingIgnoredDuringExecution: {{nodeSelectorTerms: [{TERM}]}}"
PREFERRED = f"preferredDuringSchedulingIgnoredDuringExecution: [{{weight: 2, preference: {TERM}}}]"
RESIZE = "[{resourceName: cpu, restartPolicy: NotRequired}]"
BROUGHT = {
    "nothing": "{}",
    "tolerations": "tolerations: [{key: mine, operator: Exists}]",
    "a nodeSelector": "nodeSelector: {zone: a}",
    "required terms": f"affinity: {{nodeAffinity: {{{REQUIRED}}}}}",
    "preferences": f"affinity: {{nodeAffinity: {{{PREFERRED}}}}}",
    "both": f"affinity: {{nodeAffinity: {{{REQUIRED}, {PREFERRED}}}}}",
    "an affinity of Pods": "affinity: {podAntiAffinity: {}}",
    "a resizePolicy": f"containers: [{{name: app, image: app, resizePolicy: {RESIZE}}}, {{name: other, image: other}}]",
    "a resizePolicy of a sidecar": f"initContainers: [{{name: proxy, image: proxy, restartPolicy: Always, resizePolicy: {RESIZE}}}]",
}
COMMANDS = {"client side": (), "server side": ("--server-side",)}


@pytest.fixture(scope="module")
def places(in_force: InForce) -> dict[str, Place]:
    return in_force.places({"applied": [EVERYTHING], "odd": [*_odd(), *built_in(Profile.STRICT)]})


@pytest.mark.parametrize("flags", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize("brought", BROUGHT.values(), ids=BROUGHT)
def test_applied_pods_are_equal(
    cluster: ControlPlane, places: dict[str, Place], brought: str, flags: tuple[str, ...]
) -> None:
    """Lists that the manifest declares stay as they are, found in the same way."""
    where = places["applied"]
    made = pod(brought)
    made["spec"]["automountServiceAccountToken"] = False
    del made["metadata"]["namespace"]
    plain, exported = (_applied(cluster, made, name, flags) for name in (PLAIN, where.namespace.name))
    patch = evaluate(Request(where.namespace.name, pod_view(plain)), where.snapshot).patch
    assert patch
    assert exported["spec"] == jsonpatch.apply_patch(plain, patch)["spec"]


def _applied(cluster: ControlPlane, made: Json, namespace: str, flags: tuple[str, ...]) -> Any:
    arguments = ("apply", *flags, "-n", namespace, "-f", "-", "--dry-run=server", "--show-managed-fields")
    return cluster.kubectl_json(*arguments, stdin=json.dumps(made))


def _odd() -> list[Any]:
    """Each says of a Pod how something in it was read."""
    return [
        policy("match: {images: [Docker/app]}\nnodeSelector: {of: capitals}", name="capitals"),
        policy("match: {images: ['docker.io/*']}\nnodeSelector: {at: docker}", name="docker"),
        policy(
            "match: {images: ['r[e]g.$^+|()/app', '\U0001f600./*']}\nnodeSelector: {of: glob}", name="glob"
        ),
        policy("match: {resources: ['kubernetes.io/*']}\nnodeSelector: {asks: resources}", name="resources"),
    ]


@pytest.mark.parametrize(
    "image",
    [
        *("\u00c4/app", "\u00e4/app", "Docker/app", "docker/app:1", "r[e]g.$^+|()/app:1", "/app", "a//b", "@x"),
        *(":1", "app:", "app@", "index.docker.io/app:5", "index.docker.io/a/app", "docker.io/", "localhost/", "a/b:c/d:e"),
        *("\U0001f600/app", "\U0001f600./app"),
    ],
)  # fmt: skip
def test_odd_images_are_equal(admission: Admission, places: dict[str, Place], image: str) -> None:
    made = pod()
    made["spec"]["containers"][0]["image"] = image
    _equal(admission, made, places["odd"])


@pytest.mark.parametrize(
    "names",
    [
        "\x1capp\x1f",
        "\u00a0app\u3000",
        "\u200bapp",
        "\u0085app",
        " a pp",
        "x,\tapp\n,",
        "\u180eapp",
        "app\x00",
    ],
    ids=ascii,
)
def test_odd_skip_containers_are_equal(admission: Admission, places: dict[str, Place], names: str) -> None:
    made = pod()
    made["metadata"]["annotations"] = {SKIP_CONTAINERS: names}
    _equal(admission, made, places["odd"])


@pytest.mark.parametrize(
    "resources",
    [
        "{requests: {kubernetes.io/app: 1}, limits: {kubernetes.io/app: 2}}",
        "{requests: {kubernetes.io/app: 0}, limits: {kubernetes.io/app: 1}}",
        "{limits: {nvidia.com/gpu: 16}}",
        "{limits: {nvidia.com/gpu: 17}}",
        "{limits: {nvidia.com/gpu: 100Ti}}",
        "{limits: {nvidia.com/gpu: 9223372036854775807}}",
        "{limits: {nvidia.com/gpu: 2000m}}",
        "{limits: {nvidia.com/gpu: 2, nvidia.com/mig-1g.5gb: 3}}",
    ],
)
def test_odd_devices_are_equal(admission: Admission, places: dict[str, Place], resources: str) -> None:
    made = pod(f"containers: [{{name: app, image: app, resources: {resources}}}]")
    _equal(admission, made, places["odd"])


def _equal(admission: Admission, made: Json, where: Place) -> None:
    taken = as_they_are(admission, [made])
    compare(admission, [(*each, where) for each in taken], Tally())
