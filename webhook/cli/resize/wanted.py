"""What the user asks for: sizes by flags, of a file, or those of a new Pod."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from webhook.cli.resize.sizes_file import Sizes
from webhook.errors import InputError, UsageError
from webhook.resize.facts import Wanted, sizes_of
from webhook.resize.new_pod import created_as_dry_run
from webhook.resize.owners import Owner
from webhook.resize.pod import Pod, read_pod
from webhook.resize.sizes import Size, SizeError, parse_size
from webhook.workloads.controllers import Controller

if TYPE_CHECKING:
    from webhook.cluster.client import Api


def of_flags(cpu: str, memory: str) -> dict[str, Size]:
    """By resource. Raises UsageError."""
    sizes = {}
    for resource, text in (("cpu", cpu), ("memory", memory)):
        if text:
            try:
                sizes[resource] = parse_size(text, resource)
            except SizeError as error:
                raise UsageError(f"--{resource} {error}") from None
    return sizes


def of_file(owner: Owner, sizes: Sizes, path: str, names: Sequence[str]) -> Wanted:
    """Raises InputError if the file has none for this owner."""
    if owner.ref not in sizes:
        raise InputError(f"{path}: has no size for {owner.ref}", name="no-size")
    return _only(sizes[owner.ref], names)


def _only(wanted: Wanted, names: Sequence[str]) -> Wanted:
    return {name: sizes for name, sizes in wanted.items() if not names or name in names}


def of_new_pod(api: Api, kind: Controller, owner: Owner, names: Sequence[str]) -> Wanted:
    """The sizes that a new Pod of the owner would have. Raises UsageError for a Pod alone, ClusterError."""
    if owner.ref.kind == "Pod":
        raise UsageError(
            f"give --cpu or --memory: no controller makes {owner} again, so there is no other size"
        )
    obj = {"apiVersion": kind.version, "kind": kind.kind, **msgspec.json.decode(owner.raw)}
    made = read_pod(created_as_dry_run(api, obj))
    return _only(sizes_of(made.values()), names)


def for_containers(owner: Owner, pods: Sequence[Pod], names: Sequence[str], sizes: dict[str, Size]) -> Wanted:
    """The sizes for the containers named, or for the only one. Sidecars and init containers only by name.

    Raises UsageError.
    """
    regular = list(dict.fromkeys(each.name for pod in pods for each in pod.spec.containers))
    known = list(dict.fromkeys(each.name for pod in pods for each in pod.containers()))
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UsageError(f"{owner} has no container {unknown[0]}", hint=f"it has {', '.join(known)}")
    if not names and len(regular) > 1:
        raise UsageError(
            f"{owner} has several containers: say which with -c", hint=f"it has {', '.join(regular)}"
        )
    return dict.fromkeys(names or regular, sizes)
