"""What docs/from-kyverno.md says of Kyverno is what Kyverno does, alone and beside podtailor in both orders."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
import yaml

from tests.e2e.client import Client, Refused
from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.neighbours.kyverno import Kyverno
from tests.e2e.webhook import Webhook
from tests.support.pages import BLOCK
from tests.support.pods import Json, pod
from tests.support.processes import eventually

POLICIES = Path("tests/docs/from-kyverno.yaml")
SMALL = yaml.safe_load(Path("tests/docs/limit.yaml").read_text())
_RENDER = "labels: {tier: render}"
_NUMBERS = count()


@pytest.fixture(scope="module")
def webhook_flags(cluster: ControlPlane) -> list[str]:
    return [
        *(f"--policies={POLICIES}", "--builtin=off", "--from-cluster"),
        f"--kubeconfig={cluster.kubeconfig}",
    ]


@pytest.fixture(scope="module")
def kyverno(cluster: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kyverno]:
    page = Path("docs/from-kyverno.md").read_text()
    rules = next(body for _, _, body in BLOCK.findall(page) if "kyverno.io/v1" in body)
    with Kyverno(cluster, tmp_path_factory.mktemp("kyverno")) as started:
        started.apply(*yaml.safe_load_all(rules))
        yield started


@pytest.fixture(params=["alone", "beside podtailor"])
def team(
    request: pytest.FixtureRequest,
    cluster: ControlPlane,
    client: Client,
    webhook: Webhook,
    kyverno: Kyverno,  # noqa: ARG001 (its rules)
) -> str:
    """A namespace of the team whose Pods the rules of the page are for."""
    labels = {"injection": "disabled"} if request.param == "alone" else {}
    name = cluster.create_namespace(f"shop-{next(_NUMBERS)}", **labels)
    cluster.kubectl("label", "namespace", name, "team=shop")
    exempt = pod(metadata="labels: {podtailor.dev/injection: disabled, tier: render}")

    def both_rules_apply() -> bool:
        spec = client.create(name, exempt, dry_run=True)["spec"]
        return "requests" in spec["containers"][0]["resources"] and "nodeSelector" in spec

    eventually("Kyverno's rules are in force", both_rules_apply)
    webhook.knows("namespaces", cluster.kubectl_json("get", "namespace", name))
    return name


@pytest.mark.parametrize(
    ("manifest", "requests", "selector"),
    [
        pytest.param(pod(), {"cpu": "100m", "memory": "256Mi"}, None, id="gives what is missing"),
        pytest.param(SMALL, {"cpu": "100m", "memory": "64Mi"}, None, id="takes a limit for the request"),
        pytest.param(
            pod(container="resources: {requests: {cpu: 1m, memory: 1Mi}}"),
            {"cpu": "1m", "memory": "1Mi"}, None, id="keeps requests that are set",
        ),
        pytest.param(
            pod(metadata=_RENDER), {"cpu": "100m", "memory": "256Mi"}, {"pool": "render"},
            id="selects Nodes by a label of the Pod",
        ),
        pytest.param(
            pod("nodeSelector: {pool: own}", metadata=_RENDER), {"cpu": "100m", "memory": "256Mi"},
            {"pool": "own"}, id="keeps a selector that is set",
        ),
    ],
)  # fmt: skip
def test_rules_of_the_page(
    client: Client, team: str, manifest: Json, requests: Json, selector: Json | None
) -> None:
    spec = client.create(team, manifest, dry_run=True)["spec"]
    assert spec["containers"][0]["resources"]["requests"] == requests
    assert spec.get("nodeSelector") == selector


def test_templates_of_deployments_are_changed_by_kyverno(cluster: ControlPlane, team: str) -> None:
    template = {"metadata": {"labels": {"app": "a"}}, "spec": pod()["spec"]}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d", "namespace": team},
        "spec": {"selector": {"matchLabels": {"app": "a"}}, "template": template},
    }
    created = cluster.kubectl_json("create", "--dry-run=server", "-f", "-", stdin=json.dumps(deployment))
    (container,) = created["spec"]["template"]["spec"]["containers"]
    assert container["resources"] == {"requests": {"cpu": "100m", "memory": "256Mi"}}


def test_default_limit_below_the_request_is_written_and_refused(
    client: Client, kyverno: Kyverno, team: str
) -> None:
    """By Kyverno; podtailor moves such a limit to the request."""
    pods = {"kinds": ["Pod"], "operations": ["CREATE"], "selector": {"matchLabels": {"limit": "default"}}}
    container = {"(name)": "*", "resources": {"limits": {"+(memory)": "64Mi"}}}
    rule = {
        "name": "limit",
        "match": {"any": [{"resources": pods}]},
        "mutate": {"patchStrategicMerge": {"spec": {"containers": [container]}}},
    }
    made = {"apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": "limit"}}
    kyverno.apply({**made, "spec": {"rules": [rule]}})

    def requesting(memory: str) -> Json:
        resources = f"resources: {{requests: {{memory: {memory}}}}}"
        return pod(metadata="labels: {limit: default}", container=resources)

    def in_force() -> bool:
        created = client.create(team, requesting("1Mi"), dry_run=True)
        return "memory" in created["spec"]["containers"][0]["resources"].get("limits", {})

    eventually("the rule is in force", in_force)
    with pytest.raises(Refused, match="must be less than or equal to memory limit of 64Mi"):
        client.create(team, requesting("128Mi"), dry_run=True)
