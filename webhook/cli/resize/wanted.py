"""What the user asks for: sizes by flags, of a file, or those of a new Pod."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from webhook.cli.resize.sizes_file import Sizes
from webhook.errors import InputError, UsageError
from webhook.model.notice import Notice
from webhook.resize.facts import Wanted, sizes_of
from webhook.resize.new_pod import created_as_dry_run
from webhook.resize.owners import Owner
from webhook.resize.pod import Pod, read_pod
from webhook.resize.sizes import Size, SizeError, parse_size
from webhook.workloads.controllers import Controller

if TYPE_CHECKING:
    from webhook.cluster.client import Api


# A container's name, as in `app=500m`; the limit `=` of `500m:=` follows no name.
_NAMED = re.compile(r"(?:([a-z0-9](?:[-a-z0-9]*[a-z0-9])?)=)?(.*)", re.ASCII | re.DOTALL)
_NO_NAME = ""
"""The sizes for the containers that `-c` names, or for the only one."""


def of_flags(cpu: Sequence[str], memory: Sequence[str]) -> Wanted:
    """By container. Raises UsageError."""
    wanted: dict[str, dict[str, Size]] = {}
    for resource, texts in (("cpu", cpu), ("memory", memory)):
        for text in texts:
            name, size = _NAMED.fullmatch(text).groups(_NO_NAME)  # type: ignore[union-attr] # fits all
            sizes = wanted.setdefault(name, {})
            if resource in sizes:
                raise UsageError(f"--{resource} is given twice{f' for {name}' if name else ''}")
            try:
                sizes[resource] = parse_size(size, resource)
            except SizeError as error:
                raise UsageError(f"--{resource} {error}") from None
    return wanted


def of_file(owner: Owner, pods: Sequence[Pod], sizes: Sizes, path: str, names: Sequence[str]) -> Wanted:
    """Raises InputError if the file has none for this owner or a container that is named, UsageError."""
    if owner.ref not in sizes:
        raise InputError(f"{path}: has no size for {owner.ref}", name="no-size")
    found = sizes[owner.ref]
    missing = [name for name in names if name not in found]
    if missing:
        raise InputError(f"{path}: has no size for container {missing[0]} of {owner.ref}", name="no-size")
    wanted = _only(found, names)
    known = _containers(pods)
    for name in wanted:
        if name not in known:
            raise UsageError(
                f"{path}: has sizes for container {name}, which {owner} lacks",
                hint=f"it has {', '.join(known)}",
            )
    return wanted


def _only(wanted: Wanted, names: Sequence[str]) -> Wanted:
    return {name: sizes for name, sizes in wanted.items() if not names or name in names}


def of_new_pod(
    api: Api, kind: Controller, owner: Owner, pods: Sequence[Pod], names: Sequence[str]
) -> tuple[Wanted, tuple[Notice, ...]]:
    """The sizes that a new Pod of the owner would have, and what Pods have beside.

    Raises UsageError for a Pod alone or an unknown container, ClusterError.
    """
    if owner.ref.kind == "Pod":
        raise UsageError(
            f"give --cpu or --memory: no controller makes {owner} again, so there is no other size"
        )
    obj = {"apiVersion": kind.version, "kind": kind.kind, **msgspec.json.decode(owner.raw)}
    made = read_pod(created_as_dry_run(api, obj))
    _check_names(owner, [made], names)
    return _only(sizes_of(made.values()), names), tuple(surplus(made, pods, names))


def surplus(made: Pod, pods: Sequence[Pod], names: Sequence[str]) -> Iterator[Notice]:
    """What Pods have, and a new one has not: it cannot be removed from them."""
    known = {each.name for each in made.containers()}
    fields = dict.fromkeys(field for pod in pods for field in pod.values() if field.container in known)
    for field in fields:
        if field not in made.values() and (not names or field.container in names):
            kind = f"{field.resource} {field.side.removesuffix('s')}"
            yield Notice(
                "stays",
                f"{field.container}: a new Pod has no {kind}, and it cannot be removed from Pods that run",
            )


def for_containers(owner: Owner, pods: Sequence[Pod], names: Sequence[str], wanted: Wanted) -> Wanted:
    """The sizes for the containers named, or for the only one. Sidecars and init containers only by name.

    `wanted`: of flags. Raises UsageError.
    """
    named = {name: sizes for name, sizes in wanted.items() if name != _NO_NAME}
    _check_names(owner, pods, [*names, *named])
    if _NO_NAME not in wanted:
        if names:
            raise UsageError("-c is for sizes that name no container")
        return named
    regular = list(dict.fromkeys(each.name for pod in pods for each in pod.spec.containers))
    if not names and len(regular) > 1:
        raise UsageError(
            f"{owner} has several containers: say which with -c", hint=f"it has {', '.join(regular)}"
        )
    return {**named, **{name: {**wanted[_NO_NAME], **named.get(name, {})} for name in names or regular}}


def _check_names(owner: Owner, pods: Sequence[Pod], names: Sequence[str]) -> None:
    known = _containers(pods)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UsageError(f"{owner} has no container {unknown[0]}", hint=f"it has {', '.join(known)}")


def _containers(pods: Sequence[Pod]) -> list[str]:
    return list(dict.fromkeys(each.name for pod in pods for each in pod.containers()))
