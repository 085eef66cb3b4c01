"""Say in the status of each policy whether it is in force, and if not why: the condition `Ready`.

Every replica would say the same, so whoever comes first writes and the others find it written. Never in the
request path; slowly, so that a thousand policies are no storm.
"""

from __future__ import annotations

import logging
import random
import threading
from datetime import UTC, datetime

from kubernetes.client import ApiClient, ApiException
from urllib3.exceptions import HTTPError

from webhook.cluster.kinds import Condition
from webhook.cluster.standing import Standing
from webhook.model.words import cut
from webhook.policies import crd
from webhook.supervision import Worker

log = logging.getLogger("podtailor.cluster")

# Replicas look at different moments, so that mostly one of them writes.
_LONGEST_WAIT = 1.0
_WRITES_PER_SECOND = 10.0
_ROUND_SECONDS = 1.0
_CONFLICT, _FORBIDDEN, _NOT_FOUND, _OK = 409, 403, 404, 200
_SECONDS = 5
# The component that allows it may come later, or never.
FORBIDDEN_SECONDS = 300.0
# The API takes 32,768 characters; a person reads less.
_MOST_MESSAGE = 1024


class StatusWriter(Worker):
    """Give it the standings as they are; it writes what the API server does not hold yet."""

    def __init__(self, api: ApiClient) -> None:
        super().__init__("status", self._rounds)
        self._api = api
        self._standings: tuple[Standing, ...] = ()
        self._is_forbidden = False
        self._wake = threading.Event()

    def wants(self, standings: tuple[Standing, ...]) -> None:
        self._standings = standings
        self._wake.set()

    def stop(self) -> None:
        super().stop()
        self._wake.set()

    def _rounds(self) -> None:
        self._wake.set()  # what was wanted before a failure is wanted still
        while True:
            self._wake.wait()
            self.stopped.wait(random.uniform(0, _LONGEST_WAIT))  # noqa: S311 (no secret)
            self._wake.clear()
            for standing in self._standings:
                if self.stopped.is_set():
                    return
                if not _is_said(standing):
                    if not self._write(standing):
                        self._wake.set()  # once more, a round later
                    if self._is_forbidden:  # nor is any other ours to write
                        break
                    self.stopped.wait(1 / _WRITES_PER_SECOND)
            self.stopped.wait(FORBIDDEN_SECONDS if self._is_forbidden else _ROUND_SECONDS)

    def _write(self, standing: Standing) -> bool:
        """Whether that is settled: written, or for somebody else to write."""
        metadata = standing.known.metadata
        within = f"/namespaces/{metadata.namespace}" if metadata.namespace else ""
        path = f"/apis/{crd.GROUP}/{crd.VERSION}{within}/{standing.known.kind.plural}/{metadata.name}/status"
        body = {
            # Whoever changed the policy meanwhile will have it looked at again.
            "metadata": {"resourceVersion": metadata.resourceVersion},
            "status": {"conditions": [_condition(standing, datetime.now(UTC))]},
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


def _is_said(standing: Standing) -> bool:
    there = standing.known.ready
    if there is None:
        return False
    generation = standing.known.metadata.generation
    # Not by the message: replicas of two versions may word it otherwise, and neither has to win.
    return (there.status, there.reason, there.observedGeneration) == (
        _status(standing),
        standing.reason,
        generation,
    )


def _status(standing: Standing) -> str:
    return "True" if standing.is_ready else "False"


def _condition(standing: Standing, now: datetime) -> dict[str, str | int]:
    there = standing.known.ready or Condition()
    status = _status(standing)
    changed = there.lastTransitionTime if there.status == status else now.strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "type": "Ready",
        "status": status,
        "reason": standing.reason,
        "message": cut(standing.message, _MOST_MESSAGE),
        "observedGeneration": standing.known.metadata.generation,
        "lastTransitionTime": changed,
    }
