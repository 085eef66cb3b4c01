"""What an owner's template says beside its resized Pods, and the patch for its manifest. Pure.

A changed template is a rollout: all Pods are made again. One that stays as it is gives the next Pod the old
size. So the difference is shown, with the patch for the manifest; `in_step` changes both without a rollout.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any

import msgspec
from msgspec import Struct

from webhook.engine.annotation import applied_of
from webhook.model.names import APPLIED
from webhook.model.quantity import Quantity
from webhook.resize import owner_object
from webhook.resize.facts import Wanted
from webhook.resize.owners import Owner
from webhook.resize.plan import Plan, PodPlan, sized
from webhook.resize.pod import Field, Pod, Values, values_of


class TemplateMode(StrEnum):
    """What to do about the template of resized Pods."""

    PRINT = "print"
    IN_STEP = "in-step"
    LEAVE = "leave"


class TemplateState(StrEnum):
    """What the template says beside the Pods."""

    SAME = "same"
    DIFFERS = "differs"
    OPEN = "open"
    """It leaves the fields to policies."""
    IN_STEP = "in-step"
    """It was changed together with the Pods, without a rollout."""
    REFUSED = "refused"
    """It is not changed without a rollout, for a reason that is named."""
    PODS_DIFFER = "pods-differ"


class TemplateChange(Struct, frozen=True, kw_only=True):
    """What the template lacks to make Pods of the new size."""

    wanted: Values = {}
    """All that the template should say of the containers that are resized."""
    values: Values = {}
    """Those of them that it does not say."""
    open_fields: tuple[Field, ...] = ()
    """Those of `values` that the template leaves to policies and LimitRanges."""
    others: tuple[tuple[Field, tuple[str, ...], str], ...] = ()
    """Fields that nobody asked to change, in which Pods and template differ: what they have, what it says."""
    differing_pods: bool = False
    """The Pods get different values, so there is none for the template."""

    @property
    def is_same(self) -> bool:
        return not self.values and not self.differing_pods


def template_change(owner: Owner, plan: Plan, wanted: Wanted) -> TemplateChange:
    """Of a Pod alone there is none.

    Pods count that have the values already, too: an earlier run may have been interrupted. Without Pods the
    template is changed as a Pod of it would be.
    """
    if owner.ref.kind == "Pod":
        return TemplateChange()
    declared = values_of(owner.containers)
    containers = {each.name for each in owner.containers}
    values: dict[Field, Quantity] = {}
    for pod in plan.pods or (sized(owner.new_pod, wanted),):
        for field, value in _values(pod, wanted, declared).items():
            if field.container not in containers:
                continue  # a webhook has added it
            if values.setdefault(field, value).milli != value.milli:
                return TemplateChange(differing_pods=True)
    missing = owner_object.missing(declared, values)
    return TemplateChange(
        wanted=values,
        values=missing,
        open_fields=tuple(each for each in missing if each not in declared),
        others=tuple(_others(plan.pods, values, declared)),
    )


def _others(
    pods: Iterable[PodPlan], values: Values, declared: Values
) -> Iterator[tuple[Field, tuple[str, ...], str]]:
    for field, said in declared.items():
        if field in values:
            continue
        present = (each.values_after.get(field) for each in pods)
        if have := dict.fromkeys(str(each) for each in present if each and each.milli != said.milli):
            yield field, tuple(have), str(said)


def _values(plan: PodPlan, wanted: Wanted, declared: Values) -> Values:
    """The values for a template that would make this Pod."""
    after, values = plan.values_after, dict(plan.after)
    for container, sizes in wanted.items():
        for resource, size in sizes.items():
            values |= {
                field: after[field]
                for side in size.sides
                if (field := Field(container, side, resource)) in after
            }
    for field, limit in list(values.items()):
        request = Field(field.container, "requests", field.resource)
        # Where a template has a limit alone, the API server takes it for the request too.
        is_defaulted = field.side == "limits" and request not in declared
        if is_defaulted and request in after and after[request].milli != limit.milli:
            values[request] = after[request]
    return values


def manifest_patch(owner: Owner, values: Values) -> dict[str, Any]:
    """A strategic merge patch of the owner, as `kubectl patch` and kustomize take it."""
    obj = msgspec.json.decode(owner.raw)
    return owner_object.template_patch(owner.ref.kind, owner_object.template_of(owner.ref.kind, obj), values)


def policies_that_set(pods: Iterable[Pod], field: Field) -> list[str]:
    """The names of the policies that gave Pods this value, as their annotation says."""
    name = f"{field.container}:{field.side}.{field.resource}"
    return sorted(
        {
            policy
            for pod in pods
            for policy, fields in applied_of((pod.metadata.annotations or {}).get(APPLIED)).items()
            if isinstance(fields, list) and name in fields
        }
    )
