"""Rules of namespaces that an exported policy would not see."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.pods import policy
from webhook.export.namespaces import Unseen, unseen
from webhook.model.pod import Toleration
from webhook.model.policy import Bounds, Policy
from webhook.model.quantity import of_milli
from webhook.model.subject import Namespace

AMOUNT = {"cpu": of_milli(1000)}
MOST = (Bounds(max=AMOUNT),)
SIZES = policy("{resources: {limits: [{type: Container, defaultRequest: {cpu: 100m}}]}}")
BOUNDS = policy("{resources: {limits: [{type: Container, max: {cpu: 1}}]}}".replace("cpu: 1}", "cpu: '1'}"))
TOLERATES = policy("{tolerations: [{key: a, operator: Exists}]}")
AUDITED = policy("{mode: Audit, resources: {limits: [{type: Container, defaultRequest: {cpu: 100m}}]}}")


def _unseen(*policies: Policy, name: str = "shop", **rules: Any) -> Unseen:
    return unseen([Namespace(name, **rules), Namespace("other")], policies)


@pytest.mark.parametrize(
    ("policies", "rules"),
    [
        pytest.param([TOLERATES], {"pod_bounds": MOST}, id="bounds of Pods where nothing is sized"),
        pytest.param([BOUNDS], {"pod_bounds": MOST}, id="bounds of Pods where bounds are all there is"),
        pytest.param([AUDITED], {"pod_bounds": MOST}, id="a policy that is not enforced"),
        pytest.param([SIZES], {"pod_bounds": (Bounds(min=AMOUNT),)}, id="a lower bound"),
        pytest.param([SIZES], {"allowed_tolerations": (Toleration(),)}, id="a whitelist where nothing tolerates"),
        pytest.param([SIZES], {"pod_bounds": MOST, "labels": {"podtailor.dev/injection": "disabled"}}, id="a namespace that opts out"),
        pytest.param([SIZES], {"pod_bounds": MOST, "labels": {"podtailor.dev/mode": "audit"}}, id="a namespace that only audits"),
        pytest.param([SIZES], {"pod_bounds": MOST, "name": "kube-system"}, id="kube-system"),
    ],
)  # fmt: skip
def test_leaves(policies: list[Policy], rules: dict[str, Any]) -> None:
    assert _unseen(*policies, **rules) == Unseen()


@pytest.mark.parametrize(
    ("policies", "rules", "expected"),
    [
        pytest.param([SIZES], {"pod_bounds": MOST}, Unseen(("shop",)), id="the sums of a Pod"),
        pytest.param([SIZES], {"pod_bounds": (Bounds(ratio=AMOUNT),)}, Unseen(("shop",)), id="the ratio of a Pod"),
        pytest.param([SIZES], {"has_best_effort_quota": True}, Unseen((), ("shop",)), id="a quota by class"),
        pytest.param([SIZES], {"counts_ephemeral_storage": True}, Unseen((), ("shop",)), id="a quota of storage"),
        pytest.param([SIZES], {"container_bounds": MOST}, Unseen((), ("shop",)), id="bounds of containers"),
        pytest.param([TOLERATES], {"allowed_tolerations": (Toleration(),)}, Unseen((), ("shop",)), id="a whitelist"),
        pytest.param([SIZES], {"pod_bounds": MOST, "container_bounds": MOST}, Unseen(("shop",)), id="both, once"),
    ],
)  # fmt: skip
def test_names(policies: list[Policy], rules: dict[str, Any], expected: Unseen) -> None:
    assert _unseen(*policies, **rules) == expected
