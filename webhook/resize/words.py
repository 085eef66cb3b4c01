"""Sizes and commands in words that the command itself understands. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence

from webhook.model.names import QOS_RESOURCES
from webhook.resize.plan import PodPlan
from webhook.resize.pod import Field, Values
from webhook.workloads.workload import Ref


def size(container: str, resource: str, values: Values) -> str:
    """`500m:1`, `500m`, `:2Gi`, or nothing: as after `--cpu` and `--memory`."""
    request, limit = (values.get(Field(container, side, resource)) for side in ("requests", "limits"))
    return f"{request or ''}{f':{limit}' if limit else ''}"


def commands(
    owner: Ref, pods: Iterable[PodPlan], *, back: bool = False, template: Sequence[str] = ()
) -> list[str]:
    """What to type to give these Pods, all of the owner, their new values, or `back` the old ones.

    One command if all get the same; the way back asks for no usage. With absolute sizes, so that `+20%` is
    not added twice. `template`: the flags about the template of the owner.
    """
    pods = list(pods)
    by_pod = {each.pod.name: _sizes(each, back=back) for each in pods if each.changes}
    targets = {f"pod/{name}": sizes for name, sizes in by_pod.items()}
    # A Pod that had its values before does not go back.
    is_of_all = not back or len(by_pod) == len(pods)
    if is_of_all and len({str(sizes) for sizes in by_pod.values()}) == 1:
        targets = {f"{owner.kind.lower()}/{owner.name}": next(iter(by_pod.values()))}
    else:
        template = ()
    begin, end = ["podtailor", "resize"], [*template, *(["--margin=0"] if back else []), "--apply"]
    return [
        shlex.join([*begin, name, "-n", owner.namespace, "-c", container, *flags, *end])
        for name, sizes in targets.items()
        for container, flags in sizes.items()
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
