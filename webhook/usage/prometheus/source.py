"""What containers used, asked of a Prometheus API: one query for each quantity and namespace.

All or nothing: if one of the queries has no whole answer, the namespace has a problem and no usage.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from webhook.errors import InputError
from webhook.model.notice import Notice
from webhook.usage.measured import (
    ContainerOfPod,
    History,
    Measured,
    NamespaceHistory,
    NamespaceUsage,
    Peak,
    Window,
)
from webhook.usage.prometheus import queries
from webhook.usage.prometheus.answers import QueryError, Series
from webhook.usage.prometheus.asking import Asking, Query
from webhook.usage.prometheus.owners import topmost_owners
from webhook.usage.prometheus.queries import Scope
from webhook.usage.prometheus.server import PrometheusServer
from webhook.workloads.workload import Ref

# Prometheus gives at most 11,000 points of a series at once.
_MAX_STEPS = 10_000
_CONCURRENCY = 2
# Of a life of two steps, a rate over one of them may be half of it.
_FEW_POINTS = 2
_Text = Callable[[Scope, Window], str]
_Points = Sequence[tuple[float, float]]


class PrometheusUsage:
    """Asks for a window of time and, if several clusters write to the same server, for one of them."""

    def __init__(
        self,
        server: PrometheusServer,
        window: Window,
        *,
        quantile: float = 0.95,
        cluster: tuple[str, str] | None = None,
        concurrency: int = _CONCURRENCY,
    ) -> None:
        """`cluster`: name and value of the label. `concurrency`: how many queries at once."""
        self._server = server
        self._window = window
        self._quantile = quantile
        self._cluster = cluster
        self._concurrency = concurrency

    def check(self) -> None:
        """Whether the server answers, and has the usage of one cluster now. Raises InputError."""
        try:
            found = self._server.query(queries.clusters(self._scope("")), self._window.end)
            self._check_clusters(found)
        except QueryError as error:
            raise InputError(str(error), name=error.notice.reason) from error
        if not found:
            which = f" with {'='.join(self._cluster)}" if self._cluster else ""
            raise InputError(
                f"{self._server.url} has no {queries.MEMORY} of containers{which}", name="no-usage"
            )

    def usage(self, namespace: str) -> NamespaceUsage:
        """Raises InputError if the token cannot be read."""
        asking = Asking(self._scope(namespace), self._concurrency)
        try:
            containers = self._containers(asking)
            owners = self._owners(asking, namespace)
        except QueryError as error:
            return NamespaceUsage(namespace=namespace, window=self._window, problems=(error.notice,))
        return NamespaceUsage(
            namespace=namespace,
            window=self._window,
            containers=containers,
            owners=owners,
            notes=asking.notes,
        )

    def history(self, namespace: str) -> NamespaceHistory:
        """Raises InputError if the token cannot be read."""
        asking, window = Asking(self._scope(namespace), self._concurrency), self._window
        try:
            self._check_clusters(asking.one(self._parts(lambda scope, _: queries.clusters(scope))))
            found = asking.all([self._steps(queries.cpu_history), self._steps(queries.memory_history)])
            cpu, memory = map(_by_container, found)
        except QueryError as error:
            return NamespaceHistory(namespace=namespace, window=window, problems=(error.notice,))
        containers = {
            key: History(cpu=_filled(window, cpu.get(key, ())), memory=_filled(window, memory.get(key, ())))
            for key in cpu.keys() | memory.keys()
        }
        return NamespaceHistory(namespace=namespace, window=window, containers=containers)

    def _containers(self, asking: Asking) -> dict[ContainerOfPod, Measured]:
        """Raises QueryError."""
        self._check_clusters(asking.one(self._parts(lambda scope, _: queries.clusters(scope))))
        memory = asking.one(self._parts(queries.memory_peak))
        if not memory:
            raise QueryError(self._why_nothing(asking))
        points, cpu, *moments = asking.all([
            self._parts(queries.points),
            self._parts(queries.cpu_peak),
            self._now(lambda scope, window: queries.cpu_quantile(scope, window, self._quantile)),
            self._now(queries.cpu_limit),
            self._now(queries.memory_limit),
            self._now(queries.oom_killed),
            self._now(queries.throttled),
        ])  # fmt: skip
        if not cpu:
            raise QueryError(Notice("no-usage", "there is memory of its containers, and no CPU time"))
        memories, cpus, counts = map(_by_container, (memory, cpu, points))
        short = {key for key, each in counts.items() if sum(count for _, count in each) <= _FEW_POINTS}
        slopes = _values(asking.one(self._now(queries.cpu_of_short_lives))) if short else {}
        quantiles, cpu_limits, memory_limits, oom_kills, throttled = map(_values, moments)
        return {
            key: self._measured(
                memories.get(key, []),
                counts.get(key, []),
                **_cpu(cpus.get(key, []), quantiles.get(key), slopes.get(key) if key in short else None),
                cpu_limit=_milli(cpu_limits[key]) if key in cpu_limits else None,
                memory_limit=_milli(memory_limits[key]) if key in memory_limits else None,
                oom_killed_at=self._in_window(oom_kills.get(key)),
                throttled=min(1.0, throttled[key]) if key in throttled else None,
            )
            for key in memories.keys() | counts.keys()
        }

    def _measured(self, memory: _Points, counts: _Points, **others: Any) -> Measured:
        first, last = self._life(counts or [(time, math.inf) for time, _ in memory])
        return Measured(
            memory_peak=_peak(memory),
            points=int(sum(count for _, count in counts)),
            first=max(self._window.begin, first),
            last=last,
            **others,
        )

    def _life(self, counts: _Points) -> tuple[float, float]:
        """First and last, by the parts of the window that have something, and how many of their steps have.

        What the first part has is taken to be at its end, and what the last one has at its begin.
        """
        length, step = queries.chunk(self._window), self._window.step
        (first, begun), (last, ended) = min(counts), max(counts)
        if first == last:
            return first - length, first - length + min(length, ended * step)
        return first - min(length, begun * step), last - length + min(length, ended * step)

    def _in_window(self, time: float | None) -> float | None:
        """A kill of long ago is none; one without a date may be of today."""
        return self._window.end if time == 0 else time if time and time >= self._window.begin else None

    def _owners(self, asking: Asking, namespace: str) -> dict[str, Ref]:
        """By Pod. Raises QueryError."""
        pods, replicasets, jobs = asking.all([
            self._now(queries.owners),
            self._of_all(queries.owners_of_replicasets),
            self._of_all(queries.owners_of_jobs),
        ])  # fmt: skip
        if not pods:
            raise QueryError(Notice("no-owners", f"there is no kube_pod_owner of namespace {namespace}"))
        return topmost_owners(pods, replicasets, jobs, namespace)

    def _check_clusters(self, found: Sequence[Series]) -> None:
        """Raises QueryError if there are several, and none was chosen: the same names may be in each."""
        labels = sorted(
            {", ".join(f"{key}={value}" for key, value in sorted(each.labels.items())) for each in found}
        )
        if len(labels) > 1 and not self._cluster:
            raise QueryError(
                Notice(
                    "several-clusters",
                    f"choose one: {'; '.join(each or 'without a label' for each in labels)}",
                )
            )

    def _why_nothing(self, asking: Asking) -> Notice:
        if asking.one(self._now(queries.any_series)):
            return Notice(
                "no-container-labels", "its memory is measured, but no label says of which container"
            )
        return Notice(
            "no-usage", f"{self._server.url} has no {queries.MEMORY} of its containers in the window"
        )

    def _scope(self, namespace: str) -> Scope:
        return Scope(namespace, self._cluster)

    def _now(self, text: _Text) -> Query:
        """At the end of the window."""
        return lambda scope: self._server.query(text(scope, self._window), self._window.end)

    def _of_all(self, text: _Text) -> Query:
        """Of what is no Pod: its series are not split by Pods."""
        return lambda scope: self._now(text)(scope.whole())

    def _parts(self, text: _Text) -> Query:
        """For each hour, or a little less."""
        return lambda scope: self._range(text, scope, queries.chunk(self._window))

    def _steps(self, text: _Text) -> Query:
        """For each step."""
        return lambda scope: self._range(text, scope, self._window.step)

    def _range(self, text: _Text, scope: Scope, step: float) -> list[Series]:
        begin, end, _ = self._window
        found: list[Series] = []
        for number in range(0, round((end - begin) / step), _MAX_STEPS):
            first = begin + (number + 1) * step
            last = min(end, first + (_MAX_STEPS - 1) * step)
            found += self._server.query_range(text(scope, self._window), first, last, step)
        return found


def _cpu(peaks: _Points, quantile: float | None, slope: float | None) -> dict[str, Any]:
    """Quantile and peak. `slope`: of a life so short that no rate is of it alone."""
    peak = _peak(peaks)
    if slope is not None and peak:
        quantile = max(slope, quantile or 0)
        peak = Peak(max(peak.value, _milli(quantile)), peak.at)
    return {"cpu_quantile": None if quantile is None else _milli(quantile), "cpu_peak": peak}


def _by_container(found: Iterable[Series]) -> dict[ContainerOfPod, list[tuple[float, float]]]:
    """All points of each. Raises QueryError for one that is no amount."""
    points: dict[ContainerOfPod, list[tuple[float, float]]] = {}
    for series in found:
        for _, value in series.points:
            if not (math.isfinite(value) and value >= 0):
                raise QueryError(Notice("unexpected-answer", f"{dict(series.labels)} has the value {value}"))
        points.setdefault(_key(series), []).extend(series.points)
    return points


def _values(found: Iterable[Series]) -> dict[ContainerOfPod, float]:
    """Raises as `_by_container` does."""
    return {key: points[0][1] for key, points in _by_container(found).items()}


def _key(series: Series) -> ContainerOfPod:
    return ContainerOfPod(series.labels.get("pod", ""), series.labels.get("container", ""))


def _peak(points: _Points) -> Peak | None:
    """The highest, the first of several."""
    if not points:
        return None
    at, value = max(points, key=lambda each: (each[1], -each[0]))
    return Peak(_milli(value), at)


def _milli(value: float) -> int:
    return math.ceil(round(value * 1000, 3))  # 0.01 CPUs, summed up from floats, are 10m


def _filled(window: Window, points: _Points) -> tuple[float, ...]:
    """One value for each step; NaN where there is none."""
    values = [math.nan] * window.steps
    for time, value in points:
        values[round((time - window.begin) / window.step) - 1] = value
    return tuple(values)
