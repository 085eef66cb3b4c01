"""The outline of what is compiled. That it does what the engine does is proven in tests/e2e/export."""

from __future__ import annotations

import pytest

from tests.support.pods import Json, policy, policy_of
from webhook.export.compile import Compiled, compiled
from webhook.export.program import MAX_CHARACTERS
from webhook.export.resources.edit import unsupported
from webhook.model.policy import Policy


def _variables(*policies: Policy, kubernetes: int | None = None) -> dict[str, str]:
    return {each.name: each.expression for each in _compiled(*policies, kubernetes=kubernetes).variables}


def _compiled(*policies: Policy, kubernetes: int | None = None) -> Compiled:
    made = compiled(policies, kubernetes=kubernetes)
    assert made
    return made


REQUEST = policy("resources: {limits: [{type: Container, defaultRequest: {cpu: 100m}}]}")
LIMIT = policy("resources: {limits: [{type: Container, default: {memory: 1Gi}}]}")
BOUNDS = policy("resources: {limits: [{type: Container, min: {cpu: 1m}, max: {cpu: '4', memory: 8Gi}}]}")
DOUBLE = policy("resources: {limitFactor: {memory: '2'}}")
GUARANTEED = policy("resources: {qosClass: Guaranteed}")
PER_DEVICE = policy("resources: {perDevice: {cpu: '4'}}")


def test_leaves_pods_alone_with_bounds_only() -> None:
    assert compiled([BOUNDS]) is None


def test_leaves_out_what_no_policy_asks_for() -> None:
    made = _variables(REQUEST)
    assert "resourcesCpu" not in made, "of the QoS class"
    assert not [name for name in made if "Memory" in name or "Minimum" in name or "Units" in name]


@pytest.mark.parametrize(
    ("policies", "name"),
    [
        pytest.param((LIMIT,), "limitsProposedMemory", id="limits"),
        pytest.param((REQUEST, BOUNDS), "minimumCpu", id="bounds"),
        pytest.param((DOUBLE,), "requestsUnitsMemory", id="factors"),
        pytest.param((GUARANTEED,), "isGuaranteed", id="the QoS class"),
    ],
)
def test_makes_variables_for(policies: tuple[Policy, ...], name: str) -> None:
    assert name in _variables(*policies)


def test_has_an_amount_for_each_number_of_devices() -> None:
    table = _variables(PER_DEVICE)["requestsProposedCpu"]
    assert "['', '4', '8', '12'" in table
    assert "'60', '64']" in table


def test_the_first_bound_is_the_narrowest() -> None:
    wide = policy("resources: {limits: [{type: Container, min: {cpu: 1m}, max: {cpu: '8'}}]}")
    narrow = policy("resources: {limits: [{type: Container, min: {cpu: 20m}, max: {cpu: '2'}}]}")
    made = _variables(REQUEST, wide, narrow)
    assert "['20m', '1m']" in made["minimumCpu"]
    assert "[row[2], row[1]]" in made["minimumCpu"]
    assert "['2', '8']" in made["maximumCpu"]


def test_limits_are_worked_out_from_requests_within_the_max() -> None:
    large = policy("resources: {limits: [{type: Container, defaultRequest: {memory: 8Ei}}]}")
    assert "variables.requestsLoweredMemory" in _variables(large, BOUNDS, DOUBLE)["requestsSoFarMemory"]
    assert "requestsLoweredMemory" not in _variables(large, DOUBLE)


def test_empty_pod_level_resources_count_before_1_37() -> None:
    before, after = (_variables(REQUEST, kubernetes=minor)["eligibleForResources"] for minor in (36, 37))
    assert "!has(object.spec.resources)" in before
    assert _variables(REQUEST)["eligibleForResources"] == before, "of an unknown version"
    assert "has(object.spec.resources)" not in after


def test_limits_come_before_requests_and_parents_before_keys() -> None:
    patch = _compiled(LIMIT, REQUEST).patch
    order = ("/resources'", "/resources/limits'", "/limits/memory'", "/resources/requests'", "/requests/cpu'")
    places = [patch.index(each) for each in order]
    assert places == sorted(places)


def _large(number: int) -> Json:
    amounts = {"cpu": f"{number + 1}", "memory": f"{number + 1}Mi"}
    item = {"type": "Container", "default": amounts, "defaultRequest": amounts, "max": {"cpu": "900"}}
    return {
        "apiVersion": "podtailor.dev/v1alpha1",
        "kind": "ClusterWorkloadPolicy",
        "metadata": {"name": f"p{number}"},
        "spec": {
            "containers": {"names": ["*proxy*"], "images": [f"registry.example.com/team-{number}/*"]},
            "resources": {
                "limits": [item],
                "perDevice": amounts,
                "limitFactor": {"ephemeral-storage": f"1.{number}"},
            },
        },
    }


def test_200_policies_stay_far_below_what_the_parser_takes() -> None:
    made = _compiled(*(policy_of(_large(number)) for number in range(200)))
    longest = max(len(each.expression) for each in made.variables)
    assert longest < MAX_CHARACTERS / 2
    assert len(made.patch) < MAX_CHARACTERS / 10


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param("resources: {perDevice: {memory: 4Ei}}", ["resources.perDevice.memory"], id="devices"),
        pytest.param("resources: {limitFactor: {cpu: 2000M}}", ["resources.limitFactor.cpu"], id="factors"),
        pytest.param("resources: {limitFactor: {cpu: 1G}, perDevice: {cpu: 1k}}", [], id="nothing else"),
        pytest.param("tolerations: [{operator: Exists}]", [], id="nothing without resources"),
    ],
)
def test_does_not_support(spec: str, expected: list[str]) -> None:
    assert [field for field, _ in unsupported(policy(spec))] == expected
