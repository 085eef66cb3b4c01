"""A Pod that the API server takes without us, it takes with us; and what it stores is what we said."""

from __future__ import annotations

import copy
import json
import os
from collections import Counter
from pathlib import Path

import jsonpatch
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.e2e.client import Client, Refused
from tests.e2e.webhook import Webhook
from tests.support.generated import pods
from tests.support.pods import Json, decide, pod
from webhook.engine.snapshot import snapshot_of
from webhook.model import quantity
from webhook.policies.shipped import Profile
from webhook.policies.sources import in_force

PODS = int(os.environ.get("PODTAILOR_E2E_PODS", "300"))
# Nothing else is a reason to refuse a Pod here.
UNREADABLE, INVALID = 400, 422
GREEDY = Path(__file__).parent / "greedy-policies.yaml"


@pytest.fixture(scope="module")
def webhook_flags() -> list[str]:
    return ["--builtin", "strict", "--policies", str(GREEDY)]


def _created(client: Client, namespace: str, manifest: Json) -> Json | None:
    """The Pod; None where the API server finds it invalid, or cannot read it."""
    try:
        return client.create(namespace, manifest, dry_run=True)
    except Refused as refused:
        if refused.status not in (INVALID, UNREADABLE):
            raise
        return None


def test_pods_accepted_without_us_are_accepted_with_us(
    client: Client, webhook: Webhook, namespace: str, spared: str, capsys: pytest.CaptureFixture[str]
) -> None:
    snapshot = snapshot_of(in_force([str(GREEDY)], Profile.STRICT))
    seen: Counter[str] = Counter()

    @settings(
        max_examples=PODS,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(pods(owned=False))
    def check(manifest: Json) -> None:
        without = _created(client, spared, manifest)
        if without is None:
            seen["invalid by themselves"] += 1
            return
        with_us = _created(client, namespace, manifest)
        assert with_us is not None, "refused because of us"
        expected = jsonpatch.apply_patch(copy.deepcopy(without), decide(without, snapshot).patch)
        assert _shape(with_us) == _shape(expected), "the API server stores what we said"
        again = webhook.review(with_us)
        assert "patch" not in again, "a second review changes nothing"
        seen["tailored" if _shape(with_us) != _shape(without) else "unchanged"] += 1

    check()
    with capsys.disabled():
        print(f"\n{PODS} generated Pods against the API server: {json.dumps(seen)}")
    assert seen["tailored"] > PODS / 3


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
