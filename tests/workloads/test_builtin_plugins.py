"""What LimitRanger and RuntimeClass add to a Pod. End to end, a real API server is compared with it."""

from __future__ import annotations

import pytest

from tests.support.pods import pod
from webhook.model.pod import NO_SPEC, ResourceList, Toleration, pod_view
from webhook.workloads.builtin_plugins import NO_PLUGINS, Defaults, Plugins, RuntimeClass

KATA = RuntimeClass(
    name="kata",
    overhead={"cpu": "1"},
    node_selector={"sandbox": "yes"},
    tolerations=(Toleration(key="sandbox", operator="Exists"),),
)
PLUGINS = Plugins(
    {"shop": [Defaults("shop", limits={"memory": "2Gi"}, requests={"memory": "1Gi", "cpu": "1"})]},
    {"kata": KATA},
)


@pytest.mark.parametrize(
    ("resources", "namespace", "limits", "requests"),
    [
        pytest.param("{}", "shop", {"memory": "2Gi"}, {"memory": "1Gi", "cpu": "1"}, id="defaults where there is nothing"),
        pytest.param("{requests: {cpu: 5m}}", "shop", {"memory": "2Gi"}, {"memory": "1Gi", "cpu": "5m"}, id="a value stays"),
        pytest.param("{limits: {cpu: 2}}", "shop", {"memory": "2Gi", "cpu": 2}, {"memory": "1Gi", "cpu": 2}, id="a limit is the request too"),
        pytest.param("{}", "other", {}, {}, id="nothing in another namespace"),
    ],
)  # fmt: skip
def test_limit_ranger(resources: str, namespace: str, limits: ResourceList, requests: ResourceList) -> None:
    view = pod_view(pod(container=f"resources: {resources}"))
    spec = PLUGINS.admitted(view, namespace, RuntimeClass()).spec or NO_SPEC
    container = (spec.containers or [])[0]
    assert container.resources is not None
    assert (container.resources.limits or {}, container.resources.requests or {}) == (limits, requests)


def test_runtime_class_adds_placement_that_is_not_there() -> None:
    view = pod_view(pod("nodeSelector: {a: b}\ntolerations: [{key: x, operator: Exists}]"))
    once = PLUGINS.admitted(view, "other", PLUGINS.runtime_class("kata"))
    spec = once.spec or NO_SPEC
    assert spec.nodeSelector == {"a": "b", "sandbox": "yes"}
    assert [each.key for each in spec.tolerations or ()] == ["x", "sandbox"]
    assert PLUGINS.admitted(once, "other", KATA) == once


@pytest.mark.parametrize("name", ["gone", None, 3])
def test_unknown_runtime_class_adds_nothing(name: object) -> None:
    view = pod_view(pod())
    assert NO_PLUGINS.admitted(view, "shop", PLUGINS.runtime_class(name)) == view
