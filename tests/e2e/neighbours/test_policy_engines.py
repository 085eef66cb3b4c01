"""Policies of Kyverno and Gatekeeper set the fields that podtailor sets."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from tests.e2e.client import Client, Refused
from tests.e2e.controlplane.cluster import ControlPlane, KubectlError
from tests.e2e.neighbours.gatekeeper import Gatekeeper
from tests.e2e.neighbours.kyverno import Kyverno
from tests.e2e.neighbours.pairs import FIRST, LAST, Pair, fields
from tests.e2e.neighbours.policy_engine import ALL, GAPS, POLICIES, RESIZE, UPDATES, PolicyEngine
from tests.e2e.webhook import Webhook
from tests.support.pods import pod

_NUMBERS = count()


@pytest.fixture(scope="module", params=[Kyverno, Gatekeeper], ids=lambda each: each.name)
def neighbour(
    request: pytest.FixtureRequest, cluster: ControlPlane, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PolicyEngine]:
    with request.param(cluster, tmp_path_factory.mktemp("neighbour")) as started:
        yield started


def test_random_pods_with_values_for_what_is_unset(
    client: Client, webhook: Webhook, neighbour: PolicyEngine, order: str
) -> None:
    neighbour.policy = GAPS
    Pair(client, webhook, neighbour, order).run(f"{neighbour.name}, {GAPS}")


@pytest.mark.parametrize("order", [LAST], indirect=True)
def test_random_pods_whose_values_are_replaced(
    client: Client, webhook: Webhook, neighbour: PolicyEngine, order: str
) -> None:
    neighbour.policy = ALL
    Pair(client, webhook, neighbour, order).run(f"{neighbour.name}, {ALL}")


@pytest.mark.usefixtures("webhook")
@pytest.mark.parametrize("policy", POLICIES)
def test_one_pod(
    cluster: ControlPlane, client: Client, neighbour: PolicyEngine, order: str, policy: str
) -> None:
    """What docs/neighbours.md warns of: which policies want podtailor called last, and only for creations."""
    neighbour.policy = policy
    namespace = cluster.create_namespace(f"one-pod-{next(_NUMBERS)}")
    neighbour.enable(namespace)
    if order == FIRST and policy != GAPS:
        with pytest.raises(Refused, match=r'"110m": must be less than or equal to cpu limit of'):
            client.create(namespace, pod())
        return
    created = client.create(namespace, pod())
    update = ("label", "pod", "p", "--namespace", namespace, "new=label")
    if policy == UPDATES:
        with pytest.raises(KubectlError, match="existing toleration can not be modified"):
            cluster.kubectl(*update)
    else:
        cluster.kubectl(*update)
    assert fields(client.get(namespace, created)) == fields(created)


def test_kyverno_goes_by_the_first_container(
    cluster: ControlPlane, client: Client, neighbour: PolicyEngine
) -> None:
    """And may put another one first as it goes; Gatekeeper looks at each."""
    neighbour.policy = GAPS
    namespace = cluster.create_namespace(f"two-containers-{next(_NUMBERS)}", injection="disabled")
    neighbour.enable(namespace)
    own = [{"resourceName": "cpu", "restartPolicy": "RestartContainer"}]
    sent = pod()
    sent["spec"]["containers"].append({"name": "later", "image": "i", "resizePolicy": own})
    stored = client.create(namespace, sent, dry_run=True)["spec"]["containers"]
    lists = {each["name"]: each.get("resizePolicy") for each in stored}
    by_engine = {"Kyverno": {"app": None, "later": RESIZE}, "Gatekeeper": {"app": RESIZE, "later": own}}
    assert lists == by_engine[neighbour.name]
