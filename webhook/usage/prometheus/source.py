"""What containers used, asked of a Prometheus API: one query for each quantity and namespace.

All or nothing: if one of the queries has no whole answer, the namespace has a problem and no usage.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache

from webhook.errors import InputError
from webhook.model.notice import Notice
from webhook.usage.measured import (
    ContainerOfPod,
    ContainerUsage,
    History,
    Measured,
    NamespaceHistory,
    NamespaceUsage,
    Window,
)
from webhook.usage.prometheus import queries
from webhook.usage.prometheus.answers import QueryError, Series, TooMuchError
from webhook.usage.prometheus.asking import Asking, Query
from webhook.usage.prometheus.measuring import Found, by_container, filled, measured, thousandths
from webhook.usage.prometheus.owners import topmost_owners
from webhook.usage.prometheus.queries import Scope
from webhook.usage.prometheus.server import PrometheusServer
from webhook.workloads.workload import Ref

# Prometheus gives at most 11,000 points of a series at once.
_MAX_STEPS = 10_000
_CONCURRENCY = 2
_MAX_NAMES = 3
_Text = Callable[[Scope, Window], str]


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
            raise InputError(error.notice.detail, name=error.notice.reason) from error
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
            notes=(*asking.notes, *_without_owner(containers, owners)),
        )

    def in_use(self, namespace: str) -> dict[ContainerOfPod, ContainerUsage]:
        """What containers use now, page cache included; of memory at least the most in the window.

        Raises InputError: no answer is no usage.
        """
        asking = Asking(self._scope(namespace), self._concurrency)
        try:
            self._check_clusters(asking.one(self._parts(lambda scope, _: queries.clusters(scope))))
            found = asking.all(
                [
                    self._now(lambda scope, _: queries.memory_in_use(scope)),
                    self._now(lambda scope, _: queries.cpu_in_use(scope)),
                    self._parts(queries.memory_peak),
                ]
            )
            now, cpu, most = map(by_container, found)
        except QueryError as error:
            raise InputError(error.notice.detail, name=error.notice.reason) from error
        return {
            key: ContainerUsage(
                cpu=thousandths(cpu.get(key, ())), memory=thousandths([*points, *most.get(key, ())])
            )
            for key, points in now.items()
        }

    def history(self, namespace: str) -> NamespaceHistory:
        """Raises InputError if the token cannot be read."""
        asking, window = Asking(self._scope(namespace), self._concurrency), self._window
        try:
            self._check_clusters(asking.one(self._parts(lambda scope, _: queries.clusters(scope))))
            found = asking.all([self._steps(queries.cpu_history), self._steps(queries.memory_history)])
            cpu, memory = map(by_container, found)
        except QueryError as error:
            return NamespaceHistory(namespace=namespace, window=window, problems=(error.notice,))
        containers = {
            key: History(cpu=filled(window, cpu.get(key, ())), memory=filled(window, memory.get(key, ())))
            for key in cpu.keys() | memory.keys()
        }
        return NamespaceHistory(namespace=namespace, window=window, containers=containers)

    def _containers(self, asking: Asking) -> dict[ContainerOfPod, Measured]:
        """Raises QueryError."""
        self._check_clusters(asking.one(self._parts(lambda scope, _: queries.clusters(scope))))
        memory = asking.one(self._parts(queries.memory_peak))
        if not memory:
            raise QueryError(self._why_nothing(asking))
        asked = {
            "cpu": self._parts(queries.cpu_peak),
            "steps": self._parts(queries.steps),
            "cpu_quantile": self._now(
                lambda scope, window: queries.cpu_quantile(scope, window, self._quantile)
            ),
            "cpu_limit": self._now(queries.cpu_limit),
            "memory_limit": self._now(queries.memory_limit),
            "killed": self._now(queries.killed),
            "killed_before": self._now(queries.killed_before),
            "throttled": self._now(queries.throttled),
        }
        answers = dict(zip(asked, map(by_container, asking.all([*asked.values()])), strict=True))
        found = Found(memory=by_container(memory), **answers)
        if not found.cpu:
            raise QueryError(Notice("no-usage", "there is memory of its containers, and no CPU time"))
        slopes = asking.one(self._now(queries.slope)) if found.short_lives else ()
        kills = found.kills(self._window)
        limits = asking.one(self._parts(queries.memory_limits)) if kills else ()
        return measured(found, self._window, by_container(slopes), by_container(limits))

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
        """Of what is no Pod: asked once, however the Pods are split."""

        @cache
        def found(whole: Scope) -> list[Series]:
            try:
                return self._now(text)(whole)
            except TooMuchError as error:  # not less in parts
                raise QueryError(error.notice) from error

        return lambda scope: found(scope.whole())

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


def _without_owner(containers: Iterable[ContainerOfPod], owners: Mapping[str, Ref]) -> Iterator[Notice]:
    pods = sorted({key.pod for key in containers} - owners.keys())
    if pods:
        names = ", ".join([*pods[:_MAX_NAMES], *(["…"] if len(pods) > _MAX_NAMES else [])])
        count = "1 measured Pod" if len(pods) == 1 else f"{len(pods)} measured Pods"
        detail = f"no workload is sized by the usage of {count}, whose owner is unknown: {names}"
        yield Notice("unknown-owner", detail)
