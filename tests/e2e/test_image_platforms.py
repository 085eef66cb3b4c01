"""Policies that ask about images: a replica with the shipped role, and the ConfigMap that `podtailor images` fills."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.client import Client
from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.webhook import Webhook
from tests.policies.documents import HEAD
from tests.support.commands import podtailor
from tests.support.pods import Json, pod
from tests.support.processes import eventually
from webhook.model.names import OWN_NAMESPACE

RBAC = "manifests/components/cluster-source/rbac.yaml"
IMAGES = {"example.com/both:1": ["linux/amd64", "linux/arm64"], "example.com/old:1": ["linux/amd64"]}


@pytest.fixture(scope="module")
def replica(crds: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Webhook]:
    folder = tmp_path_factory.mktemp("webhook")
    crds.apply("-f", "manifests/base/namespace.yaml")
    crds.apply("-f", "manifests/base/serviceaccount.yaml")
    crds.apply("-f", RBAC)
    crds.kubectl(
        "apply",
        "-f",
        "-",
        stdin=f"{HEAD}  match: {{imagePlatforms: {{all: [linux/arm64]}}}}\n  nodeSelector: {{pool: arm}}\n",
    )
    crds.kubectl(
        "apply", "-f", "-",
        stdin=HEAD.replace("{name: p}", "{name: amd}")
        + "  match: {imagePlatforms: {lacking: [linux/arm64]}}\n"
        + "  nodeAffinity: {required: [{key: kubernetes.io/arch, operator: In, values: [amd64]}]}\n",
    )  # fmt: skip
    kubeconfig = crds.account("podtailor", folder)
    made = Webhook(crds, folder, "--builtin=off", "--from-cluster", f"--kubeconfig={kubeconfig}")
    try:
        eventually("all is listed", lambda: made.health("/readyz")[0] == 200)
        made.register()
        yield made
    finally:
        made.stop()
        crds.kubectl("delete", "mutatingwebhookconfiguration", "podtailor", "--ignore-not-found")
        crds.kubectl("delete", "namespace", OWN_NAMESPACE)
        crds.kubectl("delete", "--ignore-not-found", "-f", RBAC)


def _lines(seen: int) -> str:
    digest = f"sha256:{'1f' * 32}"
    return "\n".join(
        json.dumps(
            {
                "ref": image,
                "digest": digest.replace("1f", f"{at}f"),
                "platforms": platforms,
                "level": "says",
                "seen": seen,
                "from": "index",
            }
        )
        for at, (image, platforms) in enumerate(IMAGES.items())
    )


def _write(cluster: ControlPlane, replica: Webhook, lines: str) -> None:
    metadata = {"name": "podtailor-image-platforms", "namespace": OWN_NAMESPACE}
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"images": lines}}
    made = cluster.kubectl_json("apply", "-f", "-", stdin=json.dumps(config_map))
    replica.knows("configmaps", made)


def _placed(client: Client, *images: str) -> tuple[Json, bool]:
    """The selector of a Pod with these images, and whether it is for amd64 alone."""
    containers = [{"name": f"c{at}", "image": image} for at, image in enumerate(images)]
    made = client.create("default", pod(f"containers: {json.dumps(containers)}"), dry_run=True)
    return made["spec"].get("nodeSelector", {}), "affinity" in made["spec"]


ARM: tuple[Json, bool] = ({"pool": "arm"}, False)
NOTHING: tuple[Json, bool] = ({}, False)


def test_only_what_is_known_counts(
    crds: ControlPlane, replica: Webhook, client: Client, tmp_path: Path
) -> None:
    assert _placed(client, "example.com/both:1") == NOTHING, "there is no ConfigMap"
    _write(crds, replica, _lines(int(time.time())))
    assert _placed(client, "example.com/both:1") == ARM
    assert _placed(client, "example.com/both:1", "example.com/old:1") == ({}, True)
    assert _placed(client, "example.com/both:1", "example.com/new:1") == NOTHING
    assert _placed(client, "example.com/new:1", "example.com/old:1") == ({}, True)
    assert _placed(client, "example.com/both:2") == NOTHING

    file = tmp_path / "pod.yaml"
    file.write_text(
        json.dumps(pod("containers: [{name: a, image: 'example.com/old:1'}, {name: b, image: x}]"))
    )
    out = podtailor("explain", "-f", str(file), "--from-cluster", f"--kubeconfig={crds.kubeconfig}").stdout
    assert "    example.com/old:1  linux/arm64: no  (index, " in out
    assert "    x  linux/arm64: unknown\n" in out
    assert "match.imagePlatforms: image example.com/old:1 (index) lacks linux/arm64" in " ".join(out.split())

    _write(crds, replica, _lines(int(time.time()) - 3 * 86400))
    assert _placed(client, "example.com/both:1") == NOTHING, "it is too old"
    _write(crds, replica, _lines(int(time.time()))[:-20])
    assert _placed(client, "example.com/both:1") == NOTHING, "it is cut"
    _write(crds, replica, _lines(int(time.time())))
    assert _placed(client, "example.com/both:1") == ARM
    crds.kubectl("delete", "configmap", "podtailor-image-platforms", "--namespace", OWN_NAMESPACE)
    eventually("it is forgotten", lambda: _placed(client, "example.com/both:1") == NOTHING)
