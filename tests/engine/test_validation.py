"""What an API server would refuse, in words. That it does is Kubernetes' own `ValidatePodSpec`."""

from __future__ import annotations

import pytest

from tests.support.pods import yaml
from webhook.engine.validation import invalid_fields

MEMORY = "spec.containers.0.resources.limits.memory"


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param("containers: [{name: a}]", id="no resources"),
        pytest.param("containers: [{name: a, resources: {limits: null, requests: {}}}]", id="empty resources"),
        pytest.param("containers: [{name: a, resources: {limits: {cpu: 1, memory: 1e9, x: 0.5}, requests: {cpu: 1000m}}}]", id="numbers, and a request that is its limit"),
        pytest.param("containers: [{name: a, resources: {limits: {cpu: null}}}]", id="null, which is zero"),
        pytest.param("{containers: [{name: a}], initContainers: null, resources: {limits: {cpu: 1Ei}}}", id="resources of the Pod"),
    ],
)  # fmt: skip
def test_takes(spec: str) -> None:
    assert list(invalid_fields({"spec": yaml(f"{spec}\n")})) == []


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("512MB", '"512MB" is not a quantity; did you mean 512M or 512Mi?'),
        ("1Gib", '"1Gib" is not a quantity; did you mean 1Gi?'),
        ("1.5GB", '"1.5GB" is not a quantity; did you mean 1.5G or 1.5Gi?'),
        ("'0,5'", '"0,5" is not a quantity; did you mean 0.5?'),
        ("512 Mi", '"512 Mi" is not a quantity; did you mean 512Mi?'),
        ("100mm", '"100mm" is not a quantity; did you mean 100m?'),
        ("''", '"" is not a quantity; write a number with or without a unit, as 500m, 2, 512Mi'),
        (".nan", '".nan" is not a quantity; write a number with or without a unit, as 500m, 2, 512Mi'),
        ("-1", "-1 is negative: must be 0 or more"),
        ("-0.5Gi", "-0.5Gi is negative: must be 0 or more"),
    ],
)  # fmt: skip
def test_names_what_is_no_amount(value: str, words: str) -> None:
    pod = {"spec": yaml(f"containers: [{{name: a, resources: {{limits: {{memory: {value}}}}}}}]\n")}
    assert [(".".join(map(str, at)), said) for at, said in invalid_fields(pod)] == [(MEMORY, words)]


@pytest.mark.parametrize(
    ("spec", "at", "words"),
    [
        ("{}", "containers", "required"),
        ("containers: []", "containers", "required"),
        ("initContainers: [{name: a}]", "containers", "required"),
        ("container: [{name: a}]", "container", 'unknown field; did you mean "containers"?'),
        ("containers: [{image: x}]", "containers.0.name", "required"),
        ("containers: [{name: a}, {name: b}, {name: a}]", "containers.2.name", 'another container is named "a"'),
        ("{containers: [{name: a}], initContainers: [{name: a}]}", "containers.0.name", 'another container is named "a"'),
        ("containers: [{name: a, resources: {limits: {cpu: 1}, requests: {cpu: 1500m}}}]", "containers.0.resources.requests.cpu", "1500m must be less than or equal to the limit, which is 1"),
        ("{containers: [{name: a}], initContainers: [{name: b, resources: {requests: {cpu: 1x}}}]}", "initContainers.0.resources.requests.cpu", '"1x" is not a quantity; write a number with or without a unit, as 500m, 2, 512Mi'),
        ("{containers: [{name: a}], resources: {limits: {cpu: -1}}}", "resources.limits.cpu", "-1 is negative: must be 0 or more"),
    ],
)  # fmt: skip
def test_names(spec: str, at: str, words: str) -> None:
    found = invalid_fields({"spec": yaml(f"{spec}\n")})
    assert [(".".join(map(str, place)), said) for place, said in found] == [(f"spec.{at}", words)]


def test_a_pod_without_a_spec_has_no_containers() -> None:
    assert (
        list(invalid_fields({"spec": None}))
        == list(invalid_fields({}))
        == [(("spec", "containers"), "required")]
    )
