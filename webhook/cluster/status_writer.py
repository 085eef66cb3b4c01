"""Say in the status of each policy whether it is in force, and if not why: the condition `Ready`.

Every replica would say the same, so whoever comes first writes and the others find it written. Never in the
request path; slowly, so that a thousand policies are no storm, and slower for those over a limit.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime

from kubernetes.client import ApiClient, ApiException
from urllib3.exceptions import HTTPError

from webhook.cluster.policy_objects import Condition
from webhook.cluster.policy_status import PolicyStatus
from webhook.model.text import truncate
from webhook.policies import policy_kinds
from webhook.supervision import Worker

log = logging.getLogger("podtailor.cluster")

# Replicas look at different moments, so that mostly one of them writes.
_LONGEST_WAIT = 1.0
_WRITES_PER_SECOND = 10.0
# After a failure, and between two that are over the limit of their namespace.
_ROUND_SECONDS = 1.0
_CONFLICT, _FORBIDDEN, _NOT_FOUND, _OK = 409, 403, 404, 200
_SECONDS = 5
# The component that allows it may come later, or never.
FORBIDDEN_SECONDS = 300.0
# The API takes 32,768 characters; a person reads less.
_MAX_MESSAGE = 1024


# A namespace, and whether these are over its limit: those may be many, and matter less.
_Lane = tuple[str, bool]


class StatusWriter(Worker):
    """Give it how policies stand as that changes; it writes what the API server does not hold yet.

    Namespaces take turns, so that none waits for another's policies.
    """

    def __init__(self, api: ApiClient) -> None:
        super().__init__("status", self._rounds)
        self._api = api
        self._lanes: dict[_Lane, dict[str, PolicyStatus]] = {}
        """What is to be written, by lane and key; the lane whose turn it is comes first."""
        self._rests: dict[_Lane, float] = {}
        """Until when nothing of a lane is written, of time.monotonic."""
        self._lock = threading.Lock()
        self._is_forbidden = False
        self._wake = threading.Event()

    def enqueue(self, changes: Mapping[str, PolicyStatus | None]) -> None:
        """How policies stand from now on, by key; None for one that has gone."""
        with self._lock:
            for key, policy_status in changes.items():
                namespace = key.rpartition("/")[0]
                for lane in ((namespace, False), (namespace, True)):
                    self._lanes.get(lane, {}).pop(key, None)
                if policy_status and not _is_said(policy_status):
                    self._lanes.setdefault((namespace, policy_status.object.is_excess), {})[key] = (
                        policy_status
                    )
        self._wake.set()

    def stop(self) -> None:
        super().stop()
        self._wake.set()

    def _rounds(self) -> None:
        while not self.stopped.is_set():
            self._wake.wait(self._rest())
            self.stopped.wait(random.uniform(0, _LONGEST_WAIT))  # noqa: S311 (no secret)
            self._wake.clear()
            while (found := self._next()) and not self.stopped.is_set():
                lane, key, policy_status = found
                is_settled = self._write(policy_status)
                with self._lock:
                    if is_settled and self._lanes.get(lane, {}).get(key) is policy_status:
                        del self._lanes[lane][key]
                    if lane[1] or not is_settled:
                        self._rests[lane] = time.monotonic() + _ROUND_SECONDS
                # Where one is forbidden, no other is ours to write either.
                self.stopped.wait(FORBIDDEN_SECONDS if self._is_forbidden else 1 / _WRITES_PER_SECOND)

    def _next(self) -> tuple[_Lane, str, PolicyStatus] | None:
        """The first of the lane whose turn it is."""
        now = time.monotonic()
        with self._lock:
            self._lanes = {lane: waiting for lane, waiting in self._lanes.items() if waiting}
            self._rests = {lane: until for lane, until in self._rests.items() if until > now}
            lane = next((lane for lane in self._lanes if lane not in self._rests), None)
            if lane is None:
                return None
            self._lanes[lane] = waiting = self._lanes.pop(lane)
            return (lane, *next(iter(waiting.items())))

    def _rest(self) -> float | None:
        """Seconds until there is something to write; None where nothing is."""
        with self._lock:
            due = [self._rests.get(lane, 0.0) for lane, waiting in self._lanes.items() if waiting]
        return max(0.0, min(due) - time.monotonic()) if due else None

    def _write(self, policy_status: PolicyStatus) -> bool:
        """Whether that is settled: written, or for somebody else to write."""
        metadata = policy_status.object.metadata
        within = f"/namespaces/{metadata.namespace}" if metadata.namespace else ""
        plural = policy_status.object.kind.plural
        path = f"/apis/{policy_kinds.API_VERSION}{within}/{plural}/{metadata.name}/status"
        body = {
            # Whoever changed the policy meanwhile will have it looked at again.
            "metadata": {"resourceVersion": metadata.resourceVersion},
            "status": {"conditions": [_condition(policy_status, datetime.now(UTC))]},
        }
        try:
            response = self._api.call_api(
                *self._api.param_serialize(
                    "PATCH",
                    path,
                    header_params={"Content-Type": "application/merge-patch+json"},
                    body=body,
                    auth_settings=["BearerToken"],
                ),
                _request_timeout=_SECONDS,
            )
            said = response.read() or b""  # also where it is not wanted: the connection is free for the next
        except (ApiException, HTTPError, OSError) as error:
            log.warning("status not written", extra={"policy": metadata.name, "reason": str(error)})
            return False
        self._is_forbidden = response.status == _FORBIDDEN
        if response.status in (_OK, _CONFLICT, _NOT_FOUND):
            return True
        reason = f"{response.status} {said[:300].decode(errors='replace')}"
        log.warning("status not written", extra={"policy": metadata.name, "reason": reason})
        return False


def _is_said(policy_status: PolicyStatus) -> bool:
    there = policy_status.object.ready
    if there is None:
        return False
    generation = policy_status.object.metadata.generation
    # Not by the message: replicas of two versions may word it otherwise, and neither has to win.
    return (there.status, there.reason, there.observedGeneration) == (
        _status(policy_status),
        policy_status.reason,
        generation,
    )


def _status(policy_status: PolicyStatus) -> str:
    return "True" if policy_status.is_ready else "False"


def _condition(policy_status: PolicyStatus, now: datetime) -> dict[str, str | int]:
    there = policy_status.object.ready or Condition()
    status = _status(policy_status)
    changed = there.lastTransitionTime if there.status == status else now.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "type": "Ready",
        "status": status,
        "reason": policy_status.reason,
        "message": truncate(policy_status.message, _MAX_MESSAGE),
        "observedGeneration": policy_status.object.metadata.generation,
        "lastTransitionTime": changed,
    }
