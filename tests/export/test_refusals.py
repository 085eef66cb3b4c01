"""What is refused, with which name, and that no field of a policy is forgotten."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec import Struct, structs

from webhook.export.refusals import KNOWN, Fate, refusals
from webhook.messages.export import REFUSALS
from webhook.model.names import Mode
from webhook.model.pod import Toleration
from webhook.model.policy import (
    AcceleratorRules,
    Bounds,
    Match,
    Origin,
    PlatformRules,
    Policy,
    ResourceDefaults,
)
from webhook.model.quantity import Quantity, of_milli

AMOUNT: dict[str, Quantity] = {"cpu": of_milli(1000)}


def _policy(**fields: Any) -> Policy:
    return Policy(name="mine", origin=Origin.CLUSTER_WORKLOAD_POLICY, **fields)


def _sizes(**fields: Any) -> Policy:
    return _policy(resources=ResourceDefaults(**fields))


@pytest.mark.parametrize(
    "policy",
    [
        pytest.param(_policy(), id="nothing"),
        pytest.param(
            _policy(mode=Mode.OFF, resources=ResourceDefaults(deny=True)), id="a policy that is off"
        ),
        pytest.param(_sizes(container=Bounds(min=AMOUNT, max=AMOUNT)), id="bounds of containers"),
        pytest.param(
            _policy(tolerations=(Toleration(operator="Exists", tolerationSeconds=2**53 - 1),)),
            id="seconds that JSON can say",
        ),
        pytest.param(_sizes(default=AMOUNT, limit_factor=AMOUNT, guaranteed=True), id="sizes"),
    ],
)
def test_leaves(policy: Policy) -> None:
    assert [*refusals([policy])] == []


LONG = Toleration(operator="Exists", tolerationSeconds=2**53)
PLATFORMS = Match(image_platforms=PlatformRules(all=("linux/arm64",)))


@pytest.mark.parametrize(
    ("policy", "name", "field"),
    [
        (_policy(mode=Mode.AUDIT), "exports-no-audit", "spec.mode"),
        (_sizes(deny=True), "exports-no-denial", "spec.resources.onViolation"),
        (_sizes(pod=Bounds(max=AMOUNT)), "exports-no-pod-bounds", "spec.resources.limits[type=Pod]"),
        (
            _sizes(container=Bounds(ratio=AMOUNT)),
            "exports-no-ratio",
            "spec.resources.limits[type=Container].maxLimitRequestRatio",
        ),
        (_policy(tolerations=(LONG,)), "exports-no-seconds", "spec.tolerations"),
        (
            _policy(accelerators=AcceleratorRules(tolerations=(LONG,))),
            "exports-no-seconds",
            "spec.accelerators.tolerations",
        ),
        (
            _sizes(limit_factor={"cpu": of_milli(10**16)}),
            "exports-no-amount",
            "spec.resources.limitFactor.cpu",
        ),
        (
            _sizes(per_device={"cpu": of_milli(2**63 * 1000 - 1)}),
            "exports-no-amount",
            "spec.resources.perDevice.cpu",
        ),
        (_policy(match=PLATFORMS), "exports-no-platforms", "spec.match.imagePlatforms"),
        (_policy(exclude=PLATFORMS), "exports-no-platforms", "spec.exclude.imagePlatforms"),
    ],
)
def test_refuses(policy: Policy, name: str, field: str) -> None:
    (refusal,) = refusals([policy])
    assert (refusal.policy, refusal.name, refusal.field) == (policy, name, field)
    assert name in {each.name for each in REFUSALS}
    assert refusal.reason


def test_gives_all_reasons_of_all_policies_at_once() -> None:
    both = _policy(mode=Mode.AUDIT, resources=ResourceDefaults(deny=True))
    assert [each.name for each in refusals([both, _policy(mode=Mode.AUDIT)])] == [
        "exports-no-audit",
        "exports-no-denial",
        "exports-no-audit",
    ]


# Values of the API server, or of a text that is parsed once: not parts that decide one by one.
_WHOLE = {"Glob", "ImageGlob", "Selector", "Requirement", "Quantity", "Toleration"}
_WHOLE |= {"NodeSelectorRequirement", "NodeSelectorTerm", "PreferredSchedulingTerm"}


def _structs(kind: type[Struct]) -> Iterator[type[Struct]]:
    yield kind
    for hint in typing.get_type_hints(kind).values():
        for each in _types(hint):
            if issubclass(each, Struct) and each.__name__ not in _WHOLE:
                yield from _structs(each)


def _types(hint: Any) -> Iterator[type]:
    if isinstance(hint, type) and not typing.get_args(hint):
        yield hint
    for each in typing.get_args(hint):
        yield from _types(each)


@pytest.mark.parametrize("kind", sorted({*_structs(Policy)}, key=str))
def test_every_field_of_a_policy_is_compiled_or_refused(kind: type[Struct]) -> None:
    assert {each.name for each in structs.fields(kind)} == set(KNOWN[kind])


def test_no_field_is_known_that_there_is_not() -> None:
    assert set(KNOWN) == {*_structs(Policy)}
    assert {fate for fields in KNOWN.values() for fate in fields.values()} == {*Fate}
