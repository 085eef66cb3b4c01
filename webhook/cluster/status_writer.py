"""Write the condition `Ready` into the status of each policy: whether it is in force, and why not.

All replicas would write the same, so the first one writes and the others find it written. It writes slowly,
so that a thousand policies do not cause a burst, and even slower for policies over the limit of their
namespace.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus

from kubernetes.client import ApiClient, ApiException
from urllib3.exceptions import HTTPError

from webhook.cluster.policy_objects import Condition, PolicyObject
from webhook.cluster.policy_status import PolicyStatus
from webhook.cluster.request import request
from webhook.model.text import truncate
from webhook.policies import policy_kinds
from webhook.supervision import Worker

log = logging.getLogger("podtailor.cluster")

# Replicas begin at different moments, so that usually only one of them writes.
_LONGEST_WAIT = 1.0
_WRITES_PER_SECOND = 10.0
# After a failure, and between two policies over the limit of their namespace.
_RETRY_SECONDS = 1.0
# The policy has changed, and its event is on its way; or it is gone.
OUTDATED = (HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND)
_SECONDS = 5
# The role that allows it may be installed later, or never.
FORBIDDEN_SECONDS = 300.0
# The API accepts 32,768 characters; people read fewer.
_MAX_MESSAGE = 1024


# A namespace, and whether its policies are over its limit: those may be many, and matter less.
_Queue = tuple[str, bool]


class StatusWriter(Worker):
    """Writes the statuses that are enqueued, unless the API server has them already.

    Namespaces take turns, so that none waits for the policies of another.
    """

    def __init__(self, api: ApiClient) -> None:
        super().__init__("status", self._run_queues)
        self._api = api
        self._queues: dict[_Queue, dict[str, PolicyStatus]] = {}
        """What is to be written, by key; the queue whose turn it is comes first."""
        self._paused_until: dict[_Queue, float] = {}
        """In time.monotonic."""
        self._lock = threading.Lock()
        self._is_forbidden = False
        self._wake = threading.Event()

    def enqueue(self, changes: Mapping[str, PolicyStatus | None]) -> None:
        """Statuses by the key of their policy, in place of earlier ones; None for a policy that is gone."""
        with self._lock:
            for key, policy_status in changes.items():
                namespace = key.rpartition("/")[0]
                for queue in ((namespace, False), (namespace, True)):
                    self._queues.get(queue, {}).pop(key, None)
                if policy_status and not is_written(policy_status):
                    self._queues.setdefault((namespace, policy_status.object.is_excess), {})[key] = (
                        policy_status
                    )
        self._wake.set()

    def stop(self) -> None:
        super().stop()
        self._wake.set()

    def _run_queues(self) -> None:
        while not self.stopped.is_set():
            self._wake.wait(self._next_pause())
            self.stopped.wait(random.uniform(0, _LONGEST_WAIT))  # noqa: S311 (no secret)
            self._wake.clear()
            while (entry := self._next()) and not self.stopped.is_set():
                queue, key, policy_status = entry
                is_done = self._write(policy_status)
                with self._lock:
                    if is_done and self._queues.get(queue, {}).get(key) is policy_status:
                        del self._queues[queue][key]
                    if queue[1] or not is_done:
                        self._paused_until[queue] = time.monotonic() + _RETRY_SECONDS
                # If one is forbidden, all are.
                self.stopped.wait(FORBIDDEN_SECONDS if self._is_forbidden else 1 / _WRITES_PER_SECOND)

    def _next(self) -> tuple[_Queue, str, PolicyStatus] | None:
        """The first status of the queue whose turn it is."""
        now = time.monotonic()
        with self._lock:
            self._queues = {queue: waiting for queue, waiting in self._queues.items() if waiting}
            self._paused_until = {queue: until for queue, until in self._paused_until.items() if until > now}
            queue = next((queue for queue in self._queues if queue not in self._paused_until), None)
            if queue is None:
                return None
            self._queues[queue] = waiting = self._queues.pop(queue)
            return (queue, *next(iter(waiting.items())))

    def _next_pause(self) -> float | None:
        """Seconds until there is something to write; None if there is nothing."""
        with self._lock:
            due = [self._paused_until.get(queue, 0.0) for queue, waiting in self._queues.items() if waiting]
        return max(0.0, min(due) - time.monotonic()) if due else None

    def _write(self, policy_status: PolicyStatus) -> bool:
        """Whether it is done: written, or outdated."""
        metadata = policy_status.object.metadata
        body = {
            # If the policy has changed meanwhile, its event brings another status.
            "metadata": {"resourceVersion": metadata.resourceVersion},
            "status": {"conditions": [_condition(policy_status, datetime.now(UTC))]},
        }
        try:
            request(self._api, "PATCH", status_path(policy_status.object), body, seconds=_SECONDS)
        except ApiException as error:
            self._is_forbidden = error.status == HTTPStatus.FORBIDDEN
            if error.status in OUTDATED:
                return True
            reason = f"{error.status} {error.reason}"
        except (HTTPError, OSError) as error:
            reason = str(error)
        else:
            self._is_forbidden = False
            return True
        log.warning("status not written", extra={"policy": metadata.name, "reason": reason[:300]})
        return False


def status_path(policy: PolicyObject) -> str:
    """Of the subresource that both writers of statuses patch."""
    namespace = f"/namespaces/{policy.namespace}" if policy.namespace else ""
    return f"/apis/{policy_kinds.API_VERSION}{namespace}/{policy.kind.plural}/{policy.metadata.name}/status"


def is_written(policy_status: PolicyStatus) -> bool:
    existing = policy_status.object.ready
    if existing is None:
        return False
    generation = policy_status.object.metadata.generation
    # Without the message: replicas of two versions may word it differently and must not overwrite each other.
    return (existing.status, existing.reason, existing.observedGeneration) == (
        _status(policy_status),
        policy_status.reason,
        generation,
    )


def _status(policy_status: PolicyStatus) -> str:
    return "True" if policy_status.is_ready else "False"


def _condition(policy_status: PolicyStatus, now: datetime) -> dict[str, str | int]:
    existing = policy_status.object.ready or Condition()
    status = _status(policy_status)
    changed = existing.lastTransitionTime if existing.status == status else now.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "type": "Ready",
        "status": status,
        "reason": policy_status.reason,
        "message": truncate(policy_status.message, _MAX_MESSAGE),
        "observedGeneration": policy_status.object.metadata.generation,
        "lastTransitionTime": changed,
    }
