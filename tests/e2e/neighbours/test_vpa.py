"""The Vertical Pod Autoscaler sets requests of the same Pods, and scales their limits."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.e2e.client import Client
from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.neighbours.autoscaler import Autoscaler
from tests.e2e.neighbours.pairs import Pair
from tests.e2e.test_accepted_pods import GREEDY, PODS
from tests.e2e.webhook import Webhook
from tests.support.strategies import many, pods
from webhook.engine.snapshot import snapshot_of
from webhook.policies.merge import in_force
from webhook.policies.shipped import Profile


@pytest.fixture(scope="module")
def webhook_flags() -> list[str]:
    return ["--builtin=strict", f"--policies={GREEDY}"]


@pytest.fixture(scope="module")
def autoscaler(cluster: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Autoscaler]:
    with Autoscaler(cluster, tmp_path_factory.mktemp("vpa")) as started:
        yield started


@pytest.fixture(params=["RequestsAndLimits", "RequestsOnly"])
def values(request: pytest.FixtureRequest, autoscaler: Autoscaler) -> str:
    autoscaler.values = request.param
    return autoscaler.values


def test_random_pods(
    client: Client,
    webhook: Webhook,
    autoscaler: Autoscaler,
    order: str,
    values: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pair = Pair(client, webhook, autoscaler, first=order == "podtailor first")
    snapshot = snapshot_of(in_force([str(GREEDY)], Profile.STRICT))
    for manifest in many(pods(owned=False), PODS):
        pair.tries(manifest, snapshot)
    with capsys.disabled():
        print(f"\n{order}, {values}: {json.dumps(pair.seen)}")
        for field, who in pair.table().items():
            print(f"| `{field}` | {who} |")
    assert pair.seen["changed by both"] > PODS / 5
