"""A namespace of the made-up week with workloads as people size them: what the figures of backtests are of.

What judges is the weekend. Some workloads are as calm then as before, some busier, some grow all week.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from tests.e2e.usage.week import (
    DAY,
    HOUR,
    MIB,
    MINUTE,
    Life,
    Series,
    Shape,
    bursts,
    owner_series,
    steady,
)
from webhook.model.names import WorkloadType
from webhook.recommend.owner import ContainerState, OwnerState, Size
from webhook.workloads.workload import Ref

NAMESPACE = "market"


def _wobbling(shape: Shape) -> Shape:
    """An eighth more or less, in waves that do not fit into each other."""
    return lambda at: shape(at) * (1 + 0.08 * math.sin(at / 937) + 0.05 * math.sin(at / 211))


def _daily(low: float, high: float, weekend: float = 1) -> Shape:
    """Low at midnight, high at noon; `weekend`: how many times as much then."""
    return lambda at: (
        (low + (high - low) * math.sin(math.pi * (at % DAY) / DAY)) * (weekend if at >= 5 * DAY else 1)
    )


def _growing(begin: float, a_day: float) -> Shape:
    return lambda at: begin + a_day * at / DAY


class Workload(NamedTuple):
    """Amounts in cores and MiB."""

    name: str
    cpu: Shape
    memory: Shape
    cpu_size: tuple[float | None, float | None]
    memory_size: tuple[int | None, int | None]
    pods: int = 1
    kind: str = "Deployment"
    runtime: str = ""

    def pod_names(self) -> list[str]:
        between = "" if self.kind == "StatefulSet" else "5f-"
        return [f"{self.name}-{between}{number}" for number in range(self.pods)]

    def lives(self) -> list[Life]:
        return [
            Life(
                pod,
                "app",
                _wobbling(self.cpu),
                _wobbling(self.memory),
                every=2 * MINUTE,
                namespace=NAMESPACE,
            )
            for pod in self.pod_names()
        ]

    def state(self) -> OwnerState:
        sizes = {"cpu": _size(self.cpu_size, 1000), "memory": _size(self.memory_size, MIB * 1000)}
        is_stateful = self.kind == "StatefulSet"
        return OwnerState(
            ref=Ref(self.kind, NAMESPACE, self.name),
            containers=(ContainerState(name="app", sizes=sizes, runtime=self.runtime),),
            types=(WorkloadType.STATEFUL if is_stateful else WorkloadType.GENERAL,),
            pods=self.pods,
            most_pods=self.pods,
        )


def _size(amounts: tuple[float | None, float | None], unit: int) -> Size:
    return Size(*(None if amount is None else round(amount * unit) for amount in amounts))


WORKLOADS = (
    # Far too large, and calm.
    Workload("web", _daily(0.1, 0.4), _daily(250, 330), (1, None), (1024, 2048), pods=3),
    Workload("idle", steady(0.004), steady(20), (0.25, 0.5), (256, 256)),
    # The shop sells at the weekend.
    Workload("cart", _daily(0.15, 0.3, 2), _daily(200, 250, 1.6), (0.5, 1), (512, 640), pods=2),
    Workload("search", _daily(0.3, 0.5, 1.5), _daily(500, 600, 1.3), (1, 2), (1024, 1024)),
    # Never frees anything.
    Workload("queue", steady(0.1), _growing(150, 30), (0.2, None), (512, 1024)),
    # Five minutes a day.
    Workload("import", bursts(0.05, 0.9, DAY, 5 * MINUTE), bursts(150, 700, DAY, 5 * MINUTE), (0.5, None), (512, 1024)),
    # An hour on Saturdays.
    Workload("report", steady(0.02), bursts(120, 420, 5 * DAY + 12 * HOUR, HOUR), (0.1, None), (256, 512)),
    Workload("api", _daily(0.1, 0.3), steady(1500), (1, 2), (2048, 2048), runtime="java"),
    Workload("orders", _daily(0.2, 0.5), steady(2200), (2, 2), (4096, 4096), kind="StatefulSet"),
    # Nobody has said anything.
    Workload("mail", _daily(0.02, 0.08), steady(90), (None, None), (None, None)),
)  # fmt: skip


def series() -> Iterator[Series]:
    owners = {
        pod: (each.kind, each.name) if each.kind == "StatefulSet" else ("ReplicaSet", f"{each.name}-5f")
        for each in WORKLOADS
        for pod in each.pod_names()
    }
    yield from owner_series(owners, namespace=NAMESPACE, cluster="east")
    yield from (each for workload in WORKLOADS for life in workload.lives() for each in life.series())
