"""Write Events (events.k8s.io/v1) about refused Pods and about policies that cannot be used.

Off the request path: a review only hands its refusal over. Few writes come of many refusals: see
`event_series` and the limits below. Each replica writes Events of its own.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import msgspec
from kubernetes.client import ApiClient, ApiException
from urllib3.exceptions import HTTPError

from webhook.cluster.event_series import EventSeries, Occurrence, Series, note
from webhook.cluster.policy_status import PolicyStatus
from webhook.cluster.replica import replica_name
from webhook.cluster.request import JSON, MERGE, request
from webhook.cluster.status_writer import FORBIDDEN_SECONDS, is_written
from webhook.model.denial import Denial, ObjectReference
from webhook.policies import policy_kinds
from webhook.supervision import Worker

log = logging.getLogger("podtailor.cluster")

API_VERSION = "events.k8s.io/v1"
CONTROLLER = "podtailor.dev/webhook"
# A token bucket: this many writes a second in the long run, and so many at once.
_WRITES_PER_SECOND, _BURST = 1.0, 20.0
_RETRY_SECONDS = 5.0
_SECONDS = 5
# `reportingInstanceLengthLimit` in k8s.io/kubernetes `pkg/apis/core/validation/events.go`.
_MAX_INSTANCE = 128
RESULTS = ("written", "dropped", "forbidden", "failed")


class EventWriter(Worker):
    """Puts refusals and broken policies together, and writes them slowly."""

    def __init__(self, api: ApiClient) -> None:
        super().__init__("events", self._run)
        self._api = api
        self._instance = replica_name()[:_MAX_INSTANCE]
        self._series = EventSeries()
        self._forbidden_until: dict[str, float] = {}
        """By namespace, in time.monotonic: the role may be bound later, or nowhere, or in some of them."""
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._tokens, self._filled_at = _BURST, time.monotonic()
        self._has_logged_forbidden = False
        self._counts = Counter(dict.fromkeys(RESULTS, 0))

    def counts(self) -> Mapping[str, int]:
        """By result: writes, and refusals that no Event tells about."""
        return dict(self._counts)

    def report_denial(self, denial: Denial) -> None:
        """Returns at once."""
        refusal = denial.message.removeprefix("podtailor: ")
        self._add(
            Occurrence(
                denial.regarding, "PodDenied", "CreatePod", denial.policies, note(f"Pod refused by {refusal}")
            )
        )

    def report_policies(self, changes: Mapping[str, PolicyStatus | None]) -> None:
        """Those that cannot be used, unless their status says so already: then a replica has told."""
        for key, status in changes.items():
            if status and not status.is_ready and not is_written(status):
                metadata = status.object.metadata
                regarding = ObjectReference(
                    policy_kinds.API_VERSION,
                    status.object.kind.kind,
                    metadata.name,
                    status.object.namespace,
                    metadata.uid or "",
                )
                self._add(
                    Occurrence(regarding, f"Policy{status.reason}", "Load", (key,), note(status.message))
                )

    def stop(self) -> None:
        super().stop()
        self._wake.set()

    def _add(self, occurrence: Occurrence) -> None:
        now = time.monotonic()
        with self._lock:
            if self._forbidden_until.get(occurrence.namespace, 0.0) > now:
                self._counts["forbidden"] += 1
            elif not self._series.add(occurrence, time.time(), now):
                self._counts["dropped"] += 1
        self._wake.set()

    def _run(self) -> None:
        while not self.stopped.is_set():
            with self._lock:
                series = self._series.next(time.time())
            now = time.monotonic()
            if series is None or series.due > now:
                self._wake.wait(series.due - now if series else None)
                self._wake.clear()
                continue
            self._tokens = min(_BURST, self._tokens + (now - self._filled_at) * _WRITES_PER_SECOND)
            self._filled_at = now
            if self._tokens < 1:
                self.stopped.wait((1 - self._tokens) / _WRITES_PER_SECOND)
                continue
            self._tokens -= 1
            self._write(series)

    def _write(self, series: Series) -> None:
        with self._lock:
            count, body = series.count, _event(series, self._instance)
        path = f"/apis/{API_VERSION}/namespaces/{quote(series.first.namespace, safe='')}/events"
        exists = series.written > 0
        status, reason = 0, ""
        try:
            if exists:
                patch = {"series": body["series"]}
                name = body["metadata"]["name"]
                request(self._api, "PATCH", f"{path}/{name}", patch, content_type=MERGE, seconds=_SECONDS)
            else:
                request(self._api, "POST", path, body, content_type=JSON, seconds=_SECONDS)
        except ApiException as error:
            status, reason = error.status, f"{error.status} {error.reason}"
        except (HTTPError, OSError) as error:
            reason = str(error)
        with self._lock:
            self._settle(series, count, status, reason, exists=exists)

    def _settle(self, series: Series, count: int, status: int, reason: str, *, exists: bool) -> None:
        """What follows from the answer; an empty `reason` means that it was written."""
        now = time.monotonic()
        if not reason:
            self._counts["written"] += 1
            self._series.wrote(series, count, now)
        elif status == HTTPStatus.CONFLICT and not exists:
            # The answer to the first attempt was lost.
            self._series.wrote(series, 1, now)
        elif status == HTTPStatus.NOT_FOUND and exists:
            self._series.begin_again(series, now)
        elif status == HTTPStatus.FORBIDDEN:
            self._counts["forbidden"] += series.count - series.written
            self._forbidden_until = {
                each: until for each, until in self._forbidden_until.items() if until > now
            }
            self._forbidden_until[series.first.namespace] = now + FORBIDDEN_SECONDS
            self._series.drop(series)
            if not self._has_logged_forbidden:
                self._has_logged_forbidden = True
                log.warning(
                    "events may not be written: without the role there are none", extra=_extra(reason)
                )
        elif HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR and status != _TOO_MANY:
            # An owner that is no valid reference, or a namespace that is gone.
            self._counts["failed"] += series.count - series.written
            self._series.drop(series)
            log.warning("event not accepted", extra=_extra(reason))
        else:
            series.due = now + _RETRY_SECONDS
            log.warning("event not written", extra=_extra(reason))


_TOO_MANY = HTTPStatus.TOO_MANY_REQUESTS


def _extra(reason: str) -> dict[str, str]:
    return {"reason": reason[:300]}


def _event(series: Series, instance: str) -> dict[str, Any]:
    first = series.first
    event: dict[str, Any] = {
        "apiVersion": API_VERSION,
        "kind": "Event",
        "metadata": {"name": series.name(instance), "namespace": first.namespace},
        "eventTime": _micro_time(series.began),
        "reportingController": CONTROLLER,
        "reportingInstance": instance,
        "action": first.action,
        "reason": first.reason,
        "regarding": msgspec.to_builtins(first.regarding),
        "note": first.note,
        "type": "Warning",
    }
    if series.count > 1:
        event["series"] = {"count": series.count, "lastObservedTime": _micro_time(series.last)}
    return event


def _micro_time(at: float) -> str:
    """A `metav1.MicroTime`."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
