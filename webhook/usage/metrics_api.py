"""What containers use at this moment, by the metrics API: it can raise sizes, and lowers none.

k8s.io/metrics `pkg/apis/metrics/v1beta1`: the mean CPU of a window of some seconds, and the working set.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from http import HTTPStatus

import msgspec
from kubernetes.client import ApiClient
from msgspec import Struct

from webhook.cluster.pager import Object, Resource, objects
from webhook.cluster.reads import as_cluster_error, in_namespace
from webhook.errors import ClusterError
from webhook.model.notice import Notice
from webhook.model.quantity import parse
from webhook.usage.live_owners import live_owners
from webhook.usage.measured import ContainerOfPod, Measured, NamespaceUsage, Peak, Window

# metrics-server asks kubelets every 15 to 60 seconds, and forgets what is older than some rounds.
_RECENT_SECONDS = 300.0
_HINT = (
    "install metrics-server; if it is there, `kubectl get apiservices v1beta1.metrics.k8s.io` says why not"
)
_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?")


class _Container(Struct, frozen=True):
    name: str
    usage: dict[str, str] | None = None


class _PodMetrics(Struct, frozen=True):
    timestamp: str | None = None
    window: str | None = None
    containers: list[_Container] | None = None


def _pod(obj: Object) -> tuple[str, _PodMetrics]:
    return obj.metadata.name, msgspec.json.decode(obj.raw, type=_PodMetrics)


_METRICS = Resource("pods.metrics.k8s.io", "/apis/metrics.k8s.io/v1beta1/pods", _pod)


class MetricsApiUsage:
    def __init__(self, api: ApiClient, now: float) -> None:
        self._api = api
        self._now = now

    def usage(self, namespace: str) -> NamespaceUsage:
        """Raises ClusterError, also if the cluster does not serve it: then it does so in no namespace."""
        pods = self._pods(namespace)
        problems: tuple[Notice, ...] = ()
        at = {name: self._measured_at(each) for name, each in pods.items()}
        stale = sorted(name for name, each in at.items() if each is None)
        if stale:
            problems += (Notice("stale-usage", f"not of the last five minutes: {', '.join(stale)}"),)
        containers = {
            ContainerOfPod(name, container): measured
            for name, each in pods.items()
            if (time := at[name]) is not None
            for container, measured in _containers(each, time)
        }
        if not containers and not problems:
            problems = (Notice("no-usage", f"the metrics API has nothing of namespace {namespace}"),)
        return NamespaceUsage(
            namespace=namespace,
            window=Window(self._now - _RECENT_SECONDS, self._now, _RECENT_SECONDS),
            containers={} if problems else containers,
            owners={} if problems else live_owners(self._api, namespace),
            problems=problems,
            is_history=False,
        )

    def _pods(self, namespace: str) -> dict[str, _PodMetrics]:
        try:
            with as_cluster_error(_METRICS.name):
                return dict(objects(self._api, in_namespace(_METRICS, namespace), []))
        except ClusterError as error:
            if error.status not in (HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE):
                raise
            raise ClusterError(str(error), error.status, name="no-metrics-api", hint=_HINT) from error

    def _measured_at(self, pod: _PodMetrics) -> float | None:
        """None if that is not now: after a restart old values may be served, and a long window is a mean."""
        window = _DURATION.fullmatch(pod.window or "")
        if not pod.timestamp or not window:
            return None
        hours, minutes, seconds = (float(each or 0) for each in window.groups())
        at = datetime.fromisoformat(pod.timestamp).timestamp()
        is_recent = abs(self._now - at) <= _RECENT_SECONDS
        return at if is_recent and 0 < 3600 * hours + 60 * minutes + seconds <= _RECENT_SECONDS else None


def _containers(pod: _PodMetrics, at: float) -> Iterator[tuple[str, Measured]]:
    for each in pod.containers or ():
        cpu, memory = (parse((each.usage or {}).get(name, "")) for name in ("cpu", "memory"))
        if memory and memory.milli:  # a container without memory has not been measured yet
            yield (
                each.name,
                Measured(
                    # Of one value each quantile is that value.
                    cpu_quantile=cpu.milli if cpu else None,
                    cpu_peak=Peak(cpu.milli, at) if cpu else None,
                    memory_peak=Peak(memory.milli, at),
                    points=1,
                    first=at,
                    last=at,
                ),
            )
