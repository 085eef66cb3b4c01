"""A running Pod as it is read."""

from __future__ import annotations

import msgspec
import pytest

from tests.resize.pods import running
from webhook.resize.pod import Pod, read_pod, resources_of

_SIDECAR = (
    "initContainers: [{name: proxy, image: p, restartPolicy: Always, resources: {limits: {memory: 64Mi}}}]"
)


def test_values_are_of_all_containers() -> None:
    pod = running(_SIDECAR)
    assert {str(field): str(value) for field, value in pod.values().items()} == {
        "app: requests.cpu": "100m",
        "app: requests.memory": "128Mi",
        "app: limits.cpu": "300m",
        "app: limits.memory": "256Mi",
        "proxy: limits.memory": "64Mi",
    }
    assert resources_of("proxy", pod.values()) == {"limits": {"memory": "64Mi"}}
    assert [each.name for each in pod.containers()] == ["app", "proxy"]
    assert [each.name for each in pod.container_statuses()] == ["app", "proxy"]
    assert (pod.is_init("proxy"), pod.is_init("app")) == (True, False)


def test_allocated_is_what_the_kubelet_has_accepted() -> None:
    pod = running(app="allocatedResources: {cpu: 50m}")
    assert {str(field): str(value) for field, value in pod.allocated().items()} == {
        "app: requests.cpu": "50m"
    }


@pytest.mark.parametrize("value", ["null", "''", "much"])
def test_value_that_is_none_of_an_admitted_pod(value: str) -> None:
    """The API server reads null as zero; what it would refuse is no value."""
    pod = running(container=f"resources: {{requests: {{cpu: {value}}}}}")
    assert [each.milli for each in pod.values().values()] == ([0] if value == "null" else [])


def test_what_is_new_is_ignored_and_what_is_missing_is_empty() -> None:
    assert read_pod(b'{"kind": "Pod", "spec": {"future": {"deep": 1}}, "status": {"future": 1}}') == Pod()


def test_condition_without_a_time() -> None:
    """The API server writes a time that is not set as null; one such Pod must not stop the others."""
    raw = b'{"status": {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": null}]}}'
    assert read_pod(raw).is_ready


def test_what_is_no_pod_is_named() -> None:
    with pytest.raises(msgspec.ValidationError, match=r"\$\.spec\.containers"):
        read_pod(b'{"spec": {"containers": 1}}')
