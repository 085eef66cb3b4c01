"""What containers used in a window of days, whichever source says so. Pure.

Amounts are in thousandths: of a CPU, of a byte. Times are seconds since 1970.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol, Self

from msgspec import Struct

from webhook.model.notice import Notice
from webhook.workloads.workload import Ref

AUTOSCALER = "VerticalPodAutoscaler "
"""With its name it stands in place of a Pod's, where one has found what all Pods of its owner need."""


class ContainerOfPod(NamedTuple):
    pod: str
    container: str


class ContainerUsage(Struct, frozen=True):
    """At one moment."""

    cpu: int
    memory: int


InUse = Mapping[ContainerOfPod, ContainerUsage]


class Peak(NamedTuple):
    value: int
    at: float
    """The end of the hour in which it was measured, or a more exact time."""


class Measured(Struct, frozen=True, kw_only=True):
    """One container of one Pod. What the source does not say is None, and never 0."""

    cpu_quantile: int | None = None
    """The quantile asked for, of rates over a few minutes."""
    cpu_peak: Peak | None = None
    memory_peak: Peak | None = None
    """Of the working set, from all samples: peaks of half a minute get containers killed."""
    cpu_limit: int | None = None
    """The limit that it ran with, the last one in the window: usage near to it is cut off."""
    memory_limit: int | None = None
    """The same; after an OOM kill the one that it happened at, also if it was raised since."""
    points: int = 0
    """How many steps of the window have a value."""
    first: float = 0.0
    last: float = 0.0
    """Of its samples in the window, about; to the hour if it ran for less than that."""
    oom_killed_at: float | None = None
    """The last time in the window; when it was seen first if the source does not date it."""
    throttled: float | None = None
    """The share of its CFS periods, from 0 to 1; None if nothing says."""


class Window(NamedTuple):
    begin: float
    end: float
    step: float

    @classmethod
    def before(cls, now: float, seconds: float, step: float) -> Self:
        """A window that ends on a whole step, at least a minute before `now`: samples arrive late."""
        end = (now - 60) // step * step
        return cls(end - max(1, round(seconds / step)) * step, end, step)

    @property
    def steps(self) -> int:
        return int((self.end - self.begin) // self.step)


class NamespaceUsage(Struct, frozen=True, kw_only=True):
    """All containers of a namespace that ran in the window, also of Pods that are gone."""

    namespace: str
    window: Window
    containers: Mapping[ContainerOfPod, Measured] = {}
    owners: Mapping[str, Ref] = {}
    """By Pod: the topmost owner. Pods that are not in it have none, or none is known for sure."""
    problems: tuple[Notice, ...] = ()
    """Why this is no answer, or half of one: then nothing is recommended from it."""
    notes: tuple[Notice, ...] = ()
    """What else the user should know; the answer is whole."""
    is_history: bool = True
    """False for what is known of one moment only: that can raise sizes, and never lower them."""

    def owner(self, pod: str) -> Ref:
        """The topmost owner, or the Pod itself."""
        return self.owners.get(pod) or Ref("Pod", self.namespace, pod)


class History(Struct, frozen=True, kw_only=True):
    """The steps of the window for one container of one Pod, oldest first, for a backtest.

    In whole thousandths, as all amounts. NaN: no sample.
    """

    cpu: tuple[float, ...] = ()
    """The rate over each step."""
    memory: tuple[float, ...] = ()
    """The highest working set of each step."""


class NamespaceHistory(Struct, frozen=True, kw_only=True):
    namespace: str
    window: Window
    containers: Mapping[ContainerOfPod, History] = {}
    problems: tuple[Notice, ...] = ()
    """Why there is no history, or half of one: then nothing is judged by it."""


class UsageSource(Protocol):
    def usage(self, namespace: str) -> NamespaceUsage:
        """An answer that is not whole has problems. Raises InputError if it cannot be asked at all."""
        ...
