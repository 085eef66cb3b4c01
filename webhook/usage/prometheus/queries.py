"""The queries, in PromQL that Prometheus and VictoriaMetrics understand alike. Pure.

`max by (namespace,pod,container)` stands inside of everything else: two replicas of Prometheus, or cAdvisor
beside the kubelet's resource endpoint, store each container several times. The rate comes before it: a
restart begins a new series.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import msgspec

from webhook.usage.measured import Window

MEMORY = "container_memory_working_set_bytes"
_CPU = "container_cpu_usage_seconds_total"
_MEMORY_WITH_CACHE = "container_memory_usage_bytes"
# As long as Prometheus takes a sample for the present one.
_NOW = "5m"
_STATUS = "kube_pod_container_status"
_OF_MEMORY = 'resource="memory"'
_KILLED = 'reason="OOMKilled"'
# Also of native sidecars, which are init containers.
_LIMITS = '__name__=~"kube_pod_(init_)?container_resource_limits"'
_BY = "by (namespace,pod,container)"
_HOUR = 3600
# A query that is too much is split by the last characters of Pods: that needs no list of them, and stays
# short (VictoriaMetrics takes 16 KiB). Those of StatefulSets end alike: it may take several characters.
ALL_PODS = "-.0123456789abcdefghijklmnopqrstuvwxyz"
_MAX_ENDING = 4
# How stores of several clusters name the label; which one is in use is not known.
_CLUSTER_LABELS = ("cluster", "cluster_id", "cluster_name", "k8s_cluster", "k8s_cluster_name")


class Scope(NamedTuple):
    """Which series are asked for."""

    namespace: str
    """Empty for all."""
    cluster: tuple[str, str] | None = None
    """Label and value."""
    characters: str = ALL_PODS
    """Names of Pods have one of these before the ending; if it is empty, the ending is the whole name."""
    ending: str = ""

    def select(self, *more: str) -> str:
        """Label matchers, with the braces."""
        matchers = [f"namespace={_quoted(self.namespace)}"] if self.namespace else []
        matchers += [f"{self.cluster[0]}={_quoted(self.cluster[1])}"] if self.cluster else []
        matchers += more
        if self.is_part:
            before = f".*[{self.characters}]" if self.characters else ""
            matchers.append(f'pod=~"{before}{self.ending.replace(".", "[.]")}"')
        return f"{{{','.join(matchers)}}}"

    @property
    def is_part(self) -> bool:
        return bool(self.ending) or self.characters != ALL_PODS

    @property
    def containers(self) -> str:
        """Without the sums of Pods and without their pause container."""
        return self.select('pod!=""', 'container!=""', 'container!="POD"')

    def parts(self) -> tuple[Scope, ...]:
        """The same Pods in smaller scopes; empty if they cannot be split further."""
        if len(self.characters) > 1:
            middle = len(self.characters) // 2
            return (
                self._replace(characters=self.characters[:middle]),
                self._replace(characters=self.characters[middle:]),
            )
        ending = self.characters + self.ending
        if not self.characters or len(ending) == _MAX_ENDING:
            return ()
        longer = self._replace(characters=ALL_PODS, ending=ending)
        return longer._replace(characters=""), *longer.parts()

    def whole(self) -> Scope:
        """All Pods."""
        return self._replace(characters=ALL_PODS, ending="")


def chunk(window: Window) -> float:
    """Seconds of the parts in which peaks are looked for: an hour, or a little less. They fill the window."""
    seconds = window.end - window.begin
    return seconds / max(1, math.ceil(seconds / _HOUR))


def cpu_quantile(scope: Scope, window: Window, quantile: float) -> str:
    return f"max {_BY} (quantile_over_time({quantile:g}, {_rate(scope, window)}[{_range(window)}]))"


def slope(scope: Scope, window: Window) -> str:
    """The highest of CPU: a rate divides what a container used in a minute by all of the step."""
    slope = f"max {_BY} (deriv({_CPU}{scope.containers}[{_duration(window.step)}]) > 0)"
    return f"max_over_time({slope}[{_range(window)}])"


def steps(scope: Scope, window: Window) -> str:
    """For each chunk: how many of its steps have a rate."""
    return f"count_over_time({_rate(scope, window)}[{_chunk(window)}])"


def cpu_peak(scope: Scope, window: Window) -> str:
    """For each chunk."""
    return f"max_over_time({_rate(scope, window)}[{_chunk(window)}])"


def memory_peak(scope: Scope, window: Window) -> str:
    """For each chunk, from all samples: a subquery misses peaks between its steps."""
    return _memory(scope, chunk(window))


def memory_in_use(scope: Scope) -> str:
    """With the page cache, which a kubelet compares with a new limit."""
    return f"max {_BY} (max_over_time({_MEMORY_WITH_CACHE}{scope.containers}[{_NOW}]))"


def cpu_in_use(scope: Scope) -> str:
    return f"max {_BY} (rate({_CPU}{scope.containers}[{_NOW}]))"


def cpu_history(scope: Scope, window: Window) -> str:
    return _rate(scope, window)


def memory_history(scope: Scope, window: Window) -> str:
    return _memory(scope, window.step)


def killed(scope: Scope, window: Window) -> str:
    """When a container was last killed for lack of memory: the reason stands until the next termination."""
    reason = f"max {_BY} ({_STATUS}_last_terminated_reason{scope.select(_KILLED)} == 1)"
    when = f"max {_BY} ({_STATUS}_last_terminated_timestamp{scope.select()})"
    return f"max_over_time(({when} and on (namespace,pod,container) {reason})[{_range(window)}])"


def killed_before(scope: Scope, window: Window) -> str:
    """When it was seen first: there is no date for native sidecars and what stays terminated, as in a Job."""
    reason = '__name__=~"kube_pod_(init_)?container_status_(last_)?terminated_reason"'
    return f"min_over_time(max {_BY} (timestamp({scope.select(reason, _KILLED)}))[{_range(window)}])"


def cpu_limit(scope: Scope, window: Window) -> str:
    return _last("pod,container", scope.select(_LIMITS, 'resource="cpu"'), window)


def memory_limit(scope: Scope, window: Window) -> str:
    return _last("pod,container", scope.select(_LIMITS, _OF_MEMORY), window)


def memory_limits(scope: Scope, _: Window) -> str:
    """At each moment."""
    selector = scope.select(_LIMITS, _OF_MEMORY)
    return f"max {_BY} ({selector})"


def throttled(scope: Scope, window: Window) -> str:
    """The share of periods; nothing for containers that have no CPU limit."""
    throttled, periods = (
        f"sum {_BY} (increase(container_cpu_cfs_{name}_total{scope.containers}[{_window(window)}]))"
        for name in ("throttled_periods", "periods")
    )
    return f"{throttled} / ({periods} > 0)"


def owners(scope: Scope, window: Window) -> str:
    return _last("pod,owner_kind,owner_name,owner_is_controller", f"kube_pod_owner{scope.select()}", window)


def owners_of_replicasets(scope: Scope, window: Window) -> str:
    return _last("replicaset,owner_kind,owner_name", f"kube_replicaset_owner{scope.select()}", window)


def owners_of_jobs(scope: Scope, window: Window) -> str:
    return _last("job_name,owner_kind,owner_name", f"kube_job_owner{scope.select()}", window)


def clusters(scope: Scope) -> str:
    """One series for each cluster."""
    return f"count by ({','.join(_CLUSTER_LABELS)}) ({MEMORY}{scope.containers})"


def any_series(scope: Scope, window: Window) -> str:
    """Whether there is anything of this namespace, with a container in its labels or without."""
    return f"count(last_over_time({MEMORY}{scope.select()}[{_window(window)}]))"


def _rate(scope: Scope, window: Window) -> str:
    return f"max {_BY} (rate({_CPU}{scope.containers}[{_duration(window.step)}]))"


def _memory(scope: Scope, seconds: float) -> str:
    return f"max {_BY} (max_over_time({MEMORY}{scope.containers}[{_duration(seconds)}]))"


def _last(labels: str, selector: str, window: Window) -> str:
    return f"max by (namespace,{labels}) (last_over_time({selector}[{_window(window)}]))"


def _window(window: Window) -> str:
    return _duration(window.end - window.begin)


def _range(window: Window) -> str:
    """Of a subquery over the window. Ranges are open at their begin: its steps are those after it."""
    return f"{_window(window)}:{_duration(window.step)}"


def _chunk(window: Window) -> str:
    """Of a subquery over a chunk."""
    return f"{_duration(chunk(window))}:{_duration(window.step)}"


def _duration(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    return f"{milliseconds}ms" if milliseconds % 1000 else f"{milliseconds // 1000}s"


def _quoted(text: str) -> str:
    """A string of PromQL; JSON escapes what Go does."""
    return msgspec.json.encode(text).decode()
