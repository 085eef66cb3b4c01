"""A made-up week of a cluster, of which is known what each container used.

Its samples are named as cAdvisor, the kubelet's resource endpoint and kube-state-metrics name them.
The week ends at a fixed time, whatever day it is: servers are asked about that time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from webhook.usage.measured import Window

MINUTE, HOUR, DAY = 60, 3600, 86400
END = 1_780_876_800.0  # Monday, 8 June 2026, 00:00 UTC
BEGIN = END - 7 * DAY
WEEK = Window(BEGIN, END, 5 * MINUTE)
MIB = 1 << 20
Shape = Callable[[float], float]
"""An amount, of seconds since the beginning of the week. It stays the same from one sample to the next."""


class Series(NamedTuple):
    name: str
    labels: Mapping[str, str]
    samples: list[tuple[float, float]]
    """Time and value."""

    def lines(self, per_second: int) -> Iterator[str]:
        labels = ",".join(f'{key}="{value}"' for key, value in self.labels.items())
        yield from (
            f"{self.name}{{{labels}}} {value:.12g} {int(time * per_second)}\n" for time, value in self.samples
        )


class Life(NamedTuple):
    """A container of a Pod from one restart to the next."""

    pod: str
    container: str
    cpu: Shape
    """In cores."""
    memory: Shape
    """In MiB."""
    begin: float = 0
    end: float = 7 * DAY
    """Seconds since the beginning of the week."""
    every: float = MINUTE
    id: str = ""
    """Of cAdvisor; without one it is as the resource endpoint says it."""
    more: Mapping[str, str] = {}
    """Labels, such as of the replica of Prometheus that asked."""
    page_cache: float = 0
    """In MiB, beside the working set; 0: not measured."""
    namespace: str = "shop"
    cluster: str = "east"

    def series(self) -> Iterator[Series]:
        cgroup = {"id": self.id, "image": "made-up:1", "cpu": "total"} if self.id else {}
        labels = {
            "namespace": self.namespace,
            "pod": self.pod,
            "container": self.container,
            **cgroup,
            **self.more,
        }
        if self.cluster:
            labels["cluster"] = self.cluster
        used, seconds, memory = 0.0, [], []
        for number in range(int((self.end - self.begin) / self.every) + 1):
            at = self.begin + number * self.every
            seconds.append((BEGIN + at, used))
            memory.append((BEGIN + at, self.memory(at) * MIB))
            used += self.cpu(at) * self.every
        yield Series("container_cpu_usage_seconds_total", labels, seconds)
        yield Series("container_memory_working_set_bytes", labels, memory)
        if self.page_cache:
            with_cache = [(at, value + self.page_cache * MIB) for at, value in memory]
            yield Series("container_memory_usage_bytes", labels, with_cache)


def steady(amount: float) -> Shape:
    return lambda _: amount


def bursts(low: float, high: float, every: float, lasting: float) -> Shape:
    """The last part of each period is high."""
    return lambda at: high if at % every >= every - lasting else low


def once(low: float, high: float, begin: float, lasting: float) -> Shape:
    return lambda at: high if begin <= at < begin + lasting else low


def _lives() -> Iterator[Life]:
    # Each replica of Prometheus stored it, from cAdvisor and from the resource endpoint; and its Pod's sums.
    often = bursts(0.1, 0.5, 2 * HOUR, 10 * MINUTE)
    web = Life("web-6f-aaaaa", "app", often, steady(200), page_cache=70)
    yield web
    yield web._replace(id="/kubepods/a", more={"prometheus_replica": "0"})
    yield web._replace(id="/kubepods/a", more={"prometheus_replica": "1"})
    for sum_of_pod in ("", "POD"):
        yield web._replace(
            container=sum_of_pod, id="/kubepods", cpu=steady(9), memory=steady(9999), begin=6 * DAY
        )
    # Rare bursts: five minutes in five hours are less than a twentieth.
    yield Life("web-6f-bbbbb", "app", bursts(0.1, 0.4, 5 * HOUR, 5 * MINUTE), steady(210), page_cache=1)
    # Gone on the second day, after half a minute of 900 MiB.
    peak = once(220, 900, 30 * HOUR + 7 * MINUTE, 30)
    yield Life("web-6f-ccccc", "app", steady(0.2), peak, begin=DAY, end=2 * DAY, every=30)
    # Restarted in the middle of the week: cAdvisor gives a new id, the resource endpoint begins again from 0.
    # Nobody asked it on the fifth day.
    for id_ in ("", "/kubepods/db"):
        db = Life("db-0", "postgres", steady(0.3), steady(1000), id=id_)
        yield db._replace(end=3.5 * DAY, id=id_ and f"{id_}1")
        yield db._replace(begin=3.5 * DAY + MINUTE, end=4 * DAY, id=id_ and f"{id_}2")
        yield db._replace(begin=5 * DAY, cpu=steady(0.25), id=id_ and f"{id_}2")
    yield Life("busy-5d-ddddd", "app", steady(0.5), steady(100))
    # Grows to its limit of 256 MiB in six hours, is killed, and begins again.
    yield Life("leaky-7c-fffff", "app", steady(0.05), lambda at: 16 + 239 * (at % (6 * HOUR)) / (6 * HOUR))
    yield Life("calm-8b-ggggg", "app", steady(0.02), steady(50))
    # A JVM that has taken what it was given, beside a sidecar; and what an HPA keeps at 70 % of its request.
    yield Life("api-9a-hhhhh", "java", steady(0.15), steady(1024))
    yield Life("api-9a-hhhhh", "proxy", steady(0.01), steady(40))
    yield Life("front-4e-jjjjj", "app", bursts(0.34, 0.36, DAY, 12 * HOUR), steady(120))
    # Once a week, for twenty minutes.
    yield Life(
        "report-29-mmmmm",
        "report",
        steady(2),
        steady(1500),
        begin=2 * DAY + HOUR,
        end=2 * DAY + HOUR + 20 * MINUTE,
    )
    # Twice for two minutes: less than the step that rates are of.
    for day, pod in ((1, "tick-1-nnnnn"), (4, "tick-2-ppppp")):
        begin = day * DAY + 11 * MINUTE
        yield Life(pod, "tick", steady(1), steady(70), begin=begin, end=begin + 2 * MINUTE, every=30)
    # Created two days ago.
    yield Life("fresh-3b-kkkkk", "app", steady(0.1), steady(64), begin=5 * DAY)
    # The same names in another cluster, a namespace of a store without that label, and one without containers.
    yield Life("web-6f-aaaaa", "app", steady(3), steady(4000), begin=6 * DAY, cluster="west")
    yield Life("lone-1a-aaaaa", "app", steady(0.1), steady(30), begin=6 * DAY, namespace="lone", cluster="")
    yield Life("dim-1a-aaaaa", "", steady(0.1), steady(30), begin=6 * DAY, namespace="dim")


OWNERS = {
    "web-6f-aaaaa": ("ReplicaSet", "web-6f"),
    "web-6f-bbbbb": ("ReplicaSet", "web-6f"),
    "web-6f-ccccc": ("ReplicaSet", "web-6f"),
    "db-0": ("StatefulSet", "db"),
    "busy-5d-ddddd": ("ReplicaSet", "busy-5d"),
    "leaky-7c-fffff": ("ReplicaSet", "leaky-7c"),
    "calm-8b-ggggg": ("ReplicaSet", "calm-8b"),
    "api-9a-hhhhh": ("ReplicaSet", "api-9a"),
    "front-4e-jjjjj": ("ReplicaSet", "front-4e"),
    "fresh-3b-kkkkk": ("ReplicaSet", "fresh-3b"),
    "report-29-mmmmm": ("Job", "report-29"),
    "tick-1-nnnnn": ("Job", "tick-1"),
    "tick-2-ppppp": ("Job", "tick-2"),
    "lone-1a-aaaaa": ("ReplicaSet", "lone-1a"),
}
"""Of Pods."""
KILLS = [BEGIN + number * 6 * HOUR for number in range(1, 28)]
"""Of leaky-7c-fffff."""
LIMITS: Mapping[tuple[str, str], tuple[float | None, int | None]] = {
    ("busy-5d-ddddd", "app"): (0.5, None),
    ("leaky-7c-fffff", "app"): (None, 256),
    ("calm-8b-ggggg", "app"): (1, 128),
    ("api-9a-hhhhh", "proxy"): (None, 64),
}
"""In cores and MiB."""
SIDECAR = ("api-9a-hhhhh", "proxy")
"""A native one, which kube-state-metrics counts as an init container."""
SIDECAR_SEEN = 3 * DAY + 14 * MINUTE
"""Seconds until its kill is seen, of which there is no date."""
RAISED = 7 * DAY - 2 * HOUR
"""Seconds until the limit of leaky-7c-fffff is doubled, where it runs."""
THROTTLED = 0.3
"""Share of the periods of busy-5d-ddddd."""


def owner_series(owners: Mapping[str, tuple[str, str]], **where: str) -> Iterator[Series]:
    """Of Pods, and of what owns their owners, as kube-state-metrics tells them; `where`: more labels."""
    hours = [BEGIN + number * HOUR for number in range(7 * 24 + 1)]
    above: dict[tuple[str, str], tuple[str, str]] = {}
    for pod, (kind, name) in owners.items():
        owner = {"owner_kind": kind, "owner_name": name, "owner_is_controller": "true"}
        yield Series("kube_pod_owner", {**where, "pod": pod, **owner}, [(at, 1) for at in hours])
        parent = {"ReplicaSet": "Deployment", "Job": "CronJob"}.get(kind)
        if parent and (kind, name) not in above:
            above[kind, name] = parent, name.partition("-")[0]
            own = {"replicaset": name} if kind == "ReplicaSet" else {"job_name": name}
            owner = {
                "owner_kind": parent,
                "owner_name": name.partition("-")[0],
                "owner_is_controller": "true",
            }
            yield Series(f"kube_{kind.lower()}_owner", {**where, **own, **owner}, [(at, 1) for at in hours])


def _states() -> Iterator[Series]:
    """As kube-state-metrics tells them."""
    lone = {pod: owner for pod, owner in OWNERS.items() if pod.startswith("lone")}
    yield from owner_series(lone, namespace="lone")
    shop = {pod: owner for pod, owner in OWNERS.items() if pod not in lone}
    yield from owner_series(shop, namespace="shop", cluster="east")
    killed = {"namespace": "shop", "container": "app", "cluster": "east"}
    terminated = "kube_pod_container_status_last_terminated"
    minutes = [BEGIN + number * 2 * MINUTE for number in range(7 * 24 * 30 + 1)]
    since = [(at, max(kill for kill in KILLS if kill <= at)) for at in minutes if at >= KILLS[0]]
    # The last kill of calm was a month ago, and it has run since.
    long_ago = [(at, BEGIN - 30 * DAY) for at in minutes]
    for pod, times in (("leaky-7c-fffff", since), ("calm-8b-ggggg", long_ago)):
        labels = {**killed, "pod": pod}
        yield Series(f"{terminated}_timestamp", labels, times)
        yield Series(f"{terminated}_reason", {**labels, "reason": "OOMKilled"}, [(at, 1) for at, _ in times])
    sidecar = {**killed, "pod": SIDECAR[0], "container": SIDECAR[1], "reason": "OOMKilled"}
    seen = [(at, 1.0) for at in minutes if at >= BEGIN + SIDECAR_SEEN]
    yield Series("kube_pod_init_container_status_last_terminated_reason", sidecar, seen)
    # The second run of tick was killed, and its Pod stays.
    job = {**killed, "pod": "tick-2-ppppp", "container": "tick", "reason": "OOMKilled"}
    stays = [(at, 1.0) for at in minutes if at >= BEGIN + 4 * DAY + 13 * MINUTE]
    yield Series("kube_pod_container_status_terminated_reason", job, stays)
    for key, amounts in LIMITS.items():
        for resource, amount in (("cpu", amounts[0]), ("memory", amounts[1] and amounts[1] * MIB)):
            if amount:
                kind = "init_container" if key == SIDECAR else "container"
                labels = {**killed, "pod": key[0], "container": key[1], "resource": resource}
                more = 2 if key[0].startswith("leaky") else 1
                raised = [(at, amount * (more if at >= BEGIN + RAISED else 1)) for at in minutes]
                yield Series(f"kube_pod_{kind}_resource_limits", labels, raised)
    for name, share in (("throttled_periods", THROTTLED), ("periods", 1)):
        labels = {"namespace": "shop", "pod": "busy-5d-ddddd", "container": "app", "cluster": "east"}
        counted = [(at, (at - BEGIN) * 10 * share) for at in minutes]
        yield Series(f"container_cpu_cfs_{name}_total", labels, counted)


def write_week(openmetrics: Path, exposition: Path, more: Iterable[Series] = ()) -> None:
    """The same in OpenMetrics, which counts time in seconds, and in Prometheus' own format, in milliseconds."""
    series = [*(each for life in _lives() for each in life.series()), *_states(), *more]
    write_openmetrics(openmetrics, series)
    with exposition.open("w") as milliseconds:
        for each in series:
            milliseconds.writelines(each.lines(1000))


def write_openmetrics(file: Path, series: Iterable[Series]) -> None:
    with file.open("w") as lines:
        # All of a metric together: OpenMetrics asks for it.
        for each in sorted(series, key=lambda each: each.name):
            lines.writelines(each.lines(1))
        lines.write("# EOF\n")
