"""A Pod that the API server accepts without podtailor is accepted with it, and is stored as podtailor predicts."""

from __future__ import annotations

import copy
import json
import os
from collections import Counter
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path

import jsonpatch
import pytest

from tests.e2e.client import Client, Refused
from tests.e2e.controlplane.build import minor
from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.matrix.page import SIZED_AS_A_WHOLE, SIZED_BY_CONTAINER
from tests.e2e.webhook import Webhook
from tests.support.pods import Json, decide, pod
from tests.support.policy_strategies import guards, namespace_of
from tests.support.processes import eventually
from tests.support.strategies import many, pods
from webhook.engine.snapshot import snapshot_of
from webhook.model import quantity
from webhook.policies.merge import in_force
from webhook.policies.shipped import Profile

PODS = int(os.environ.get("PODTAILOR_E2E_PODS", "500"))
PODS_A_NAMESPACE = 50
GREEDY = Path(__file__).parent / "greedy-policies.yaml"
_NUMBERS = count()


@pytest.fixture(scope="module")
def webhook_flags(cluster: ControlPlane) -> list[str]:
    return [
        *("--builtin=strict", f"--policies={GREEDY}", "--from-cluster"),
        f"--kubeconfig={cluster.kubeconfig}",
    ]


def _created(client: Client, namespace: str, manifest: Json) -> Json | None:
    """The Pod; None where the API server cannot read it, or finds it invalid, or something forbids it."""
    try:
        return client.create(namespace, manifest, dry_run=True)
    except Refused as refused:
        if refused.status not in (400, 403, 422):
            raise
        return None


@pytest.mark.usefixtures("crds")
def test_pods_accepted_without_us_are_accepted_with_us(
    cluster: ControlPlane,
    client: Client,
    webhook: Webhook,
    capsys: pytest.CaptureFixture[str],
    record_property: Callable[[str, object], None],
) -> None:
    """In namespaces whose LimitRanges and quotas refuse many a Pod. And each becomes what we said, of our class."""
    eventually("all is listed", lambda: webhook.health("/readyz")[0] == 200)
    seen: dict[bool, Counter[str]] = {False: Counter(), True: Counter()}
    manifests, guarded = many(pods(owned=False), PODS), many(guards(), PODS)
    for start in range(0, PODS, PODS_A_NAMESPACE):
        there, spared = _namespaces(cluster, client, webhook, guarded[start])
        policies = in_force([str(GREEDY)], Profile.STRICT)
        namespaces = {there: namespace_of(there, guarded[start])}
        snapshot = snapshot_of(policies, namespaces=namespaces, kubernetes=minor(cluster.version))
        for manifest in manifests[start : start + PODS_A_NAMESPACE]:
            counts = seen[manifest["spec"].get("resources") is not None]
            without = _created(client, spared, manifest)
            if without is None:
                counts["refused by themselves"] += 1
                continue
            with_us = _created(client, there, manifest)
            assert with_us is not None, f"refused because of us: {json.dumps([guarded[start], manifest])}"
            here = {**without, "metadata": {**without["metadata"], "namespace": there}}
            decision = decide(here, snapshot)
            expected = jsonpatch.apply_patch(copy.deepcopy(without), decision.patch)
            assert _shape(with_us) == _shape(expected), "the API server stores what we said"
            qos = (without["status"]["qosClass"], with_us["status"]["qosClass"])
            assert (decision.outcome.qos.before, decision.outcome.qos.after) == qos
            assert "patch" not in webhook.review(with_us, namespace=there), "a second review changes nothing"
            counts["tailored" if _shape(with_us) != _shape(without) else "unchanged"] += 1
            counts[f"class {' to '.join(qos)}"] += 1
    groups = {SIZED_BY_CONTAINER: seen[False], SIZED_AS_A_WHOLE: seen[True]}
    record_property("pods", json.dumps(groups))
    with capsys.disabled():
        print(f"\n{PODS} generated Pods against the API server: {json.dumps(groups, indent=2)}")
    assert sum(counts["tailored"] for counts in seen.values()) > PODS / 5


def _namespaces(
    cluster: ControlPlane, client: Client, webhook: Webhook, guards: list[Json]
) -> tuple[str, str]:
    """Two that hold the same; in one Pods are tailored. Back once all of it is in force."""
    number = next(_NUMBERS)
    there = cluster.create_namespace(f"guarded-{number}")
    spared = cluster.create_namespace(f"guarded-spared-{number}", injection="disabled")
    for guard in guards:
        for namespace in (there, spared):
            made = client.make(namespace, guard)
            if guard["kind"] == "ResourceQuota":
                eventually("the quota is counted", partial(_is_counted, client, namespace, guard))
        webhook.knows(f"{guard['kind'].lower()}s", made)
    return there, spared


def _is_counted(client: Client, namespace: str, quota: Json) -> bool:
    return "hard" in client.get(namespace, quota).get("status", {})


def test_value_that_a_quota_demands_is_given(cluster: ControlPlane, client: Client, webhook: Webhook) -> None:
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "q"},
        "spec": {"hard": {"limits.cpu": "100", "requests.memory": "100Gi"}},
    }
    there, spared = _namespaces(cluster, client, webhook, [quota])
    with pytest.raises(Refused, match=r"must specify limits.cpu for: app; requests.memory for: app"):
        client.create(spared, pod(), dry_run=True)
    given = client.create(there, pod(), dry_run=True)["spec"]["containers"][0]["resources"]
    assert given["limits"]["cpu"]
    assert given["requests"]["memory"]


def _shape(stored: Json) -> Json:
    """What edits write, quantities as amounts: the API server writes them its own way."""
    spec = stored["spec"]

    def container(each: Json) -> Json:
        resources = each.get("resources") or {}
        sized = {
            side: {name: quantity.read(raw) for name, raw in (resources.get(side) or {}).items()}
            for side in ("limits", "requests")
        }
        # The API server's defaulting after us: a limit becomes the request that is missing.
        sized["requests"] = {**sized["limits"], **sized["requests"]}
        return {"name": each["name"], "resources": sized, "resizePolicy": each.get("resizePolicy") or []}

    return {
        "containers": [container(each) for each in spec["containers"]],
        "initContainers": [container(each) for each in spec.get("initContainers") or []],
        "nodeSelector": spec.get("nodeSelector") or {},
        "tolerations": spec.get("tolerations") or [],
        "annotations": stored["metadata"].get("annotations") or {},
    }


# Every form of the grammar, and what its parser takes beyond it.
QUANTITIES = [
    *("0", "1", "100m", "1500u", "1n", "1k", "2M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "0.5Gi", "1Ti", "1Pi"),
    *("1Ei", "1e3", "1E3", "1e-3", "1e+3", "12.", ".5", "+1", "00012", "1.000000000001", "0.1Ki", "1.", "+0.5Mi"),
    *("9999999999999999999", "8Ei", "1e18", "1e400", "1e-400", "123456789012345678901234567890m"),
    *("", ".", "+", "m", "1 Gi", " 1", "1 ", "1gi", "1KI", "1e", "1e3.5", "0x10", "1_000", "\u0661", "--1", "1Kim"),
    *("-1", "1mm", "E", "e3", "1ee3", "NaN", "1.2.3", "1K"),
]  # fmt: skip


@pytest.mark.parametrize("text", QUANTITIES)
def test_quantities_are_read_as_the_api_server_reads_them(client: Client, spared: str, text: str) -> None:
    manifest = pod()
    manifest["spec"]["containers"][0]["resources"] = {"requests": {"memory": text}}
    created = _created(client, spared, manifest)
    stored = created and created["spec"]["containers"][0]["resources"]["requests"]["memory"]
    ours = quantity.parse(text)
    valid = ours is not None and ours.milli >= 0
    assert (quantity.parse(stored) if stored else None) == (ours if valid else None)
