"""What a template says beside its resized Pods."""

from __future__ import annotations

import json

import pytest

from tests.resize.pods import SIZED, named, planned
from tests.support.pods import yaml
from webhook.resize.owners import Owner, read_owner
from webhook.resize.template import manifest_patch, template_change

_SPEC = "{containers: [{name: app, image: a, resources: {requests: {cpu: 100m}}}]}"


def _owner(spec: str = _SPEC, kind: str = "Deployment") -> Owner:
    template = {"template": {"spec": yaml(spec)}}
    made = {
        "kind": kind,
        "metadata": {"name": "web", "namespace": "shop", "uid": "u"},
        "spec": {"jobTemplate": {"spec": template}} if kind == "CronJob" else template,
    }
    return read_owner(kind, json.dumps(made).encode())


def test_what_the_template_lacks_is_what_changes() -> None:
    change = template_change(_owner(), planned(named("a"), cpu="200m", memory="64Mi"))
    assert {str(field): str(value) for field, value in change.values.items()} == {
        "app: requests.cpu": "200m",
        "app: requests.memory": "64Mi",
    }
    assert [str(field) for field in change.open_fields] == ["app: requests.memory"]
    assert not change.is_same


@pytest.mark.parametrize(
    ("owner", "cpu"),
    [
        pytest.param(_owner(_SPEC.replace("100m", "0.2")), "200m", id="has these values"),
        pytest.param(_owner(), "100m", id="nothing changes"),
        pytest.param(_owner("{containers: [{name: other, image: a}]}"), "200m", id="a webhook added the container"),
    ],
)  # fmt: skip
def test_same(owner: Owner, cpu: str) -> None:
    assert template_change(owner, planned(named("a"), cpu=cpu)).is_same


def test_a_pod_alone_has_none() -> None:
    pod = named("a")
    raw = json.dumps({"kind": "Pod", "metadata": {"name": "a", "namespace": "shop"}, "spec": {}}).encode()
    assert template_change(read_owner("Pod", raw), planned(pod, cpu="200m")).is_same


def test_pods_that_get_different_values() -> None:
    change = template_change(
        _owner(), planned(named("a"), named("b", container=SIZED.replace("100m", "50m")), cpu="x2")
    )
    assert (change.differing_pods, dict(change.values)) == (True, {})


def test_patch_of_a_manifest() -> None:
    init = "initContainers: [{name: proxy, image: p, restartPolicy: Always}]"
    owner = _owner(f"{{{init}, {_SPEC[1:]}")
    values = template_change(owner, planned(named("a"), cpu="200m:1")).values
    resources = {"requests": {"cpu": "200m"}, "limits": {"cpu": "1"}}
    template = {"template": {"spec": {"containers": [{"name": "app", "resources": resources}]}}}
    assert manifest_patch(owner, values) == {"spec": template}
    cron = _owner(f"{{{init}, {_SPEC[1:]}", "CronJob")
    assert manifest_patch(cron, values) == {"spec": {"jobTemplate": {"spec": template}}}
    sidecar = {field._replace(container="proxy"): value for field, value in values.items()}
    template["template"]["spec"] = {"initContainers": [{"name": "proxy", "resources": resources}]}
    assert manifest_patch(owner, sidecar) == {"spec": template}
