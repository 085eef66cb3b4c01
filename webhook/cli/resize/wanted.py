"""What the user asks for: sizes by flags, of a file, or those of a new Pod."""

from __future__ import annotations

from collections.abc import Sequence

from webhook.errors import UsageError
from webhook.resize.facts import Wanted
from webhook.resize.owners import Owner
from webhook.resize.pod import Pod
from webhook.resize.sizes import Size, SizeError, parse_size


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
