"""Sizes and commands in words that the command itself understands. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct, structs

from webhook.model.names import QOS_RESOURCES
from webhook.model.quantity import Quantity, exactly
from webhook.resize.facts import Allowed
from webhook.resize.plan import Plan, PodPlan
from webhook.resize.pod import Field, Values
from webhook.resize.runtimes import sized_at_start
from webhook.resize.settings import Settings
from webhook.workloads.workload import Ref

_Flags = tuple[str, ...]
"""`-c`, `--cpu` and `--memory` of one command."""


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
    sizes = {each.pod.name: _flags(each.asked) for each in plan.pods if each.asked}
    whole = given.template if len({*sizes.values()}) == 1 else None
    return _commands(owner, sizes, given, whole)


def commands_back(owner: Ref, plan: Plan, pods: Collection[PodPlan], given: Given) -> list[str]:
    """What to type to give these Pods of the plan their old values, whatever they use by now.

    Those first that get less, as a quota may have no room for the others before.
    """
    back = sorted((each for each in pods if each.before), key=_gets_more)
    sizes = {each.pod.name: _flags(each.before) for each in back}
    # A Pod that had its values before does not go back.
    whole = given.template if len({*sizes.values()}) == 1 and len(sizes) == len(plan.pods) else None
    is_lower = any(_is_lowered_for_a_runtime(each) for each in pods)
    allowed = structs.replace(given.allowed, margin_milli=0, restart=given.allowed.restart or is_lower)
    return _commands(owner, sizes, structs.replace(given, allowed=allowed), whole)


def _is_lowered_for_a_runtime(each: PodPlan) -> bool:
    """Whether the way back lowers the memory of a process that decides at its start how much it uses."""
    raised = {
        change.field.container
        for change in each.changes
        if change.field[1:] == ("limits", "memory")
        and change.before
        and change.before.milli < change.after.milli
    }
    return any(sized_at_start(container) for container in each.pod.containers() if container.name in raised)


def _gets_more(each: PodPlan) -> bool:
    """Whether the way back raises something."""
    return any(change.before and change.before.milli > change.after.milli for change in each.changes)


def _commands(
    owner: Ref, sizes: Mapping[str, _Flags], given: Given, template: Sequence[str] | None
) -> list[str]:
    """One for all Pods of the owner with the flags of its template; one a Pod if these are None."""
    targets = {f"pod/{name}": each for name, each in sizes.items()}
    if template is not None:
        targets = {f"{owner.kind.lower()}/{owner.name}": next(iter(sizes.values()))}
    begin, end = ["podtailor", "resize"], [*(template or ()), *given.flags(), "--apply"]
    return [
        shlex.join([*begin, name, "-n", owner.namespace, *flags, *end]) for name, flags in targets.items()
    ]


def _flags(values: Values) -> _Flags:
    """One command for all containers of a Pod, as one request gives it its values."""
    containers = dict.fromkeys(field.container for field in values)
    whole = {field: _whole(field, value) for field, value in values.items()}
    sizes = {
        (container, resource): written
        for resource in QOS_RESOURCES
        for container in containers
        if (written := size(container, resource, whole))
    }
    same = {each: {sizes.get((name, each)) for name in containers} for each in QOS_RESOURCES}
    if all(len(each) == 1 for each in same.values()):
        named = (word for name in containers for word in ("-c", name))
        return (*named, *(f"--{each}={written}" for each, (written,) in same.items() if written))
    return tuple(
        word
        for (container, resource), written in sizes.items()
        for word in (f"--{resource}", f"{container}={written}")
    )


def _whole(field: Field, value: Quantity) -> Quantity:
    """Without a fraction of a byte, which cannot be typed: kubelets round it up too."""
    whole = exactly(value.milli, field.resource, up=True)
    return value if whole.milli == value.milli else whole
