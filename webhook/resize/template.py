"""What an owner's template says beside its resized Pods, and the patch for its manifest. Pure.

A changed template is a rollout: all Pods are made again. One that stays as it is gives the next Pod the old
size. So it is said, and the patch is given for the manifest; `in_step` changes both without a rollout.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from webhook.resize.owners import Owner
from webhook.resize.plan import Plan
from webhook.resize.pod import Field, Values, resources_of


class TemplateChange(Struct, frozen=True, kw_only=True):
    """What the template lacks to make Pods of the new size."""

    values: Values = {}
    open_fields: tuple[Field, ...] = ()
    """Those of `values` that the template leaves to policies and LimitRanges."""
    differing_pods: bool = False
    """The Pods get different values, so there is none for the template."""

    @property
    def is_same(self) -> bool:
        return not self.values and not self.differing_pods


def template_change(owner: Owner, plan: Plan) -> TemplateChange:
    """Of a Pod alone there is none."""
    if owner.ref.kind == "Pod":
        return TemplateChange()
    declared = {
        field: value for each in owner.containers for field, value in each.resources.values(each.name)
    }
    names = {each.name for each in owner.containers}
    values: dict[Field, Any] = {}
    for pod in plan.pods:
        for change in pod.changes:
            if change.field.container not in names:
                continue  # a container that a webhook has added
            if values.setdefault(change.field, change.after).milli != change.after.milli:
                return TemplateChange(differing_pods=True)
    missing = {
        field: value
        for field, value in values.items()
        if field not in declared or declared[field].milli != value.milli
    }
    return TemplateChange(values=missing, open_fields=tuple(each for each in missing if each not in declared))


def manifest_patch(owner: Owner, values: Values) -> dict[str, Any]:
    """A strategic merge patch of the owner, as `kubectl patch` and kustomize take it."""
    init = {each.name for each in owner.template.spec.initContainers or ()}
    spec: dict[str, Any] = {}
    for name in dict.fromkeys(field.container for field in values):
        key = "initContainers" if name in init else "containers"
        spec.setdefault(key, []).append({"name": name, "resources": resources_of(name, values)})
    template = {"template": {"spec": spec}}
    return {"spec": {"jobTemplate": {"spec": template}} if owner.spec.jobTemplate else template}
