"""A week of usage for the examples, as `make demo USAGE=1` runs them: made up, under the names of real Pods."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.e2e.usage.servers import Prometheus, blocks_of
from tests.e2e.usage.week import (
    BEGIN,
    DAY,
    HOUR,
    MINUTE,
    Life,
    Series,
    Shape,
    once,
    owner_series,
    steady,
    write_openmetrics,
)
from tests.support.pods import Json

# Some hours of what is to come: the demo goes on.
_UNTIL = 7 * DAY + 12 * HOUR


def _daily(low: float, high: float) -> Shape:
    """Low at midnight, high at noon."""
    return lambda at: low + (high - low) * math.sin(math.pi * (at % DAY) / DAY)


_USES: dict[str, tuple[Shape, Shape]] = {
    "app": (_daily(0.03, 0.13), once(390, 450, 4 * DAY + 9 * HOUR, 10 * MINUTE)),
    "proxy": (_daily(0.004, 0.01), steady(64)),
    "agent": (steady(0.03), steady(45)),
    "server": (_daily(0.8, 1.7), steady(9000)),
    "metrics": (steady(0.002), steady(20)),
    "jupyter": (once(0.1, 2.5, 2 * DAY + 10 * HOUR, 5 * HOUR), _daily(1500, 3800)),
    "postgres": (_daily(0.2, 0.5), _daily(1400, 1700)),
    "backup": (once(0.002, 0.4, 6 * DAY + 3 * HOUR, HOUR), once(12, 180, 6 * DAY + 3 * HOUR, HOUR)),
}
"""By container: in cores and in MiB."""


def series(pods: Iterable[Json], now: float) -> Iterator[Series]:
    """The week before `now`. Pods of Jobs have none: they have run once, which is no measure."""
    owners = {}
    for pod in pods:
        (owner,) = pod["metadata"].get("ownerReferences") or [{"kind": ""}]
        if owner["kind"] in ("ReplicaSet", "StatefulSet", "DaemonSet"):
            owners[pod["metadata"]["name"]] = (owner["kind"], owner["name"])
            yield from _usage(pod, now)
    for each in owner_series(owners, namespace="default"):
        yield _shifted(each, now)


def _usage(pod: Json, now: float) -> Iterator[Series]:
    spec = pod["spec"]
    for container in (*spec["containers"], *spec.get("initContainers", ())):
        name = container["name"]
        cpu, memory = _USES[name]
        life = Life(
            pod["metadata"]["name"],
            name,
            cpu,
            memory,
            end=_UNTIL,
            page_cache=30,
            namespace="default",
            cluster="",
        )
        yield from (_shifted(each, now) for each in life.series())


def _shifted(made: Series, now: float) -> Series:
    later = now // MINUTE * MINUTE - (BEGIN + 7 * DAY)
    return made._replace(samples=[(at + later, value) for at, value in made.samples])


def prometheus(folder: Path, pods: Iterable[Json], now: float) -> Prometheus:
    """A server that has scraped them for a week; not started yet."""
    write_openmetrics(folder / "week.om", series(pods, now))
    blocks_of(folder / "week.om", folder / "blocks")
    return Prometheus(folder, folder / "blocks")
