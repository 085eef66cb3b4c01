"""Sizes and commands in words that the command itself understands. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence

from msgspec import Struct, structs

from webhook.model.names import QOS_RESOURCES
from webhook.resize.facts import Allowed
from webhook.resize.plan import Plan, PodPlan
from webhook.resize.pod import Field, Values
from webhook.resize.settings import Settings
from webhook.workloads.workload import Ref

_Sizes = Mapping[str, Mapping[str, Sequence[str]]]
"""By Pod and container, the flags."""


def size(container: str, resource: str, values: Values) -> str:
    """`500m:1`, `500m`, `:2Gi`, or nothing: as after `--cpu` and `--memory`."""
    request, limit = (values.get(Field(container, side, resource)) for side in ("requests", "limits"))
    return f"{request or ''}{f':{limit}' if limit else ''}"


class Given(Struct, frozen=True, kw_only=True):
    """What a command was given besides sizes: one that goes on or back is given the same."""

    allowed: Allowed = Allowed()
    settings: Settings = Settings()
    template: tuple[str, ...] = ()
    """The flags about the template of the owner."""
    cluster: tuple[str, ...] = ()
    """The flags that say which cluster."""

    def flags(self) -> list[str]:
        """Those that are not the default."""
        allowed, settings, default = self.allowed, self.settings, Settings()
        flags = {
            "--allow-restart": allowed.restart,
            "--with-hpa": allowed.hpa,
            f"--on-deferred={settings.on_deferred}": allowed.waiting
            or settings.on_deferred is not default.on_deferred,
            f"--on-infeasible={settings.on_infeasible}": settings.on_infeasible is not default.on_infeasible,
            f"--margin={allowed.margin_milli / 1000:g}": allowed.margin_milli != Allowed().margin_milli,
            f"--canary={settings.canary}": settings.canary != default.canary,
            f"--batch={settings.batch_percent}": settings.batch_percent != default.batch_percent,
            f"--settle={settings.settle:g}": settings.settle != default.settle,
            f"--timeout={settings.timeout:g}": settings.timeout != default.timeout,
        }
        return [*(flag for flag, is_given in flags.items() if is_given), *self.cluster]


def commands(owner: Ref, plan: Plan, given: Given) -> list[str]:
    """What to type to give the Pods their new values.

    One command if all get the same. With absolute sizes, so that `+20%` is not added twice.
    """
    sizes = {each.pod.name: _sizes(each, back=False) for each in plan.pods if each.changes}
    whole = given.template if _are_same(sizes) else None
    return _commands(owner, sizes, given, whole)


def commands_back(owner: Ref, plan: Plan, pods: Collection[PodPlan], given: Given) -> list[str]:
    """What to type to give these Pods of the plan their old values, whatever they use by now."""
    sizes = {each.pod.name: _sizes(each, back=True) for each in pods if each.changes}
    # A Pod that had its values before does not go back.
    whole = given.template if _are_same(sizes) and len(sizes) == len(plan.pods) else None
    allowed = structs.replace(given.allowed, margin_milli=0)
    return _commands(owner, sizes, structs.replace(given, allowed=allowed), whole)


def _are_same(sizes: _Sizes) -> bool:
    return len({str(each) for each in sizes.values()}) == 1


def _commands(owner: Ref, sizes: _Sizes, given: Given, template: Sequence[str] | None) -> list[str]:
    """One for all Pods of the owner with the flags of its template; one a Pod if these are None."""
    targets = {f"pod/{name}": each for name, each in sizes.items()}
    if template is not None:
        targets = {f"{owner.kind.lower()}/{owner.name}": next(iter(sizes.values()))}
    begin, end = ["podtailor", "resize"], [*(template or ()), *given.flags(), "--apply"]
    return [
        shlex.join([*begin, name, "-n", owner.namespace, "-c", container, *flags, *end])
        for name, containers in targets.items()
        for container, flags in containers.items()
    ]


def _sizes(each: PodPlan, *, back: bool) -> Mapping[str, list[str]]:
    """The flags for each container."""
    values = each.before if back else each.after
    return {
        container: list(_flags(container, values))
        for container in dict.fromkeys(field.container for field in values)
    }


def _flags(container: str, values: Values) -> Iterator[str]:
    for resource in QOS_RESOURCES:
        written = size(container, resource, values)
        if written:
            yield f"--{resource}={written}"
