"""Write into the status of each policy how many Pods it matched: a count for each replica, and their sum.

A replica counts since it started. It writes only its own entry, and removes those of replicas that are gone.
It writes rarely, and only on a change; the resourceVersion keeps replicas from overwriting each other.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus

import msgspec
from kubernetes.client import ApiClient, ApiException
from msgspec import Struct
from urllib3.exceptions import HTTPError

from webhook.cluster.pager import Meta
from webhook.cluster.policy_objects import MAX_REPLICAS, MatchedBy, PolicyObject
from webhook.cluster.policy_status import PolicyStatus
from webhook.cluster.replica import replica_name
from webhook.cluster.request import request
from webhook.cluster.status_writer import FORBIDDEN_SECONDS, OUTDATED, status_path
from webhook.model.names import OWN_NAMESPACE
from webhook.supervision import Worker

log = logging.getLogger("podtailor.cluster")

# How often counts are compared with what is written, and how often a policy is written at most.
_ROUND_SECONDS, _PAUSE_SECONDS = 5.0, 60.0
_WRITES_PER_SECOND = 5.0
_SECONDS = 5
# Its own, so that the times of `managedFields` tell a count from a change of the condition.
_MANAGER = "podtailor-matched"
_SELECTOR = "app.kubernetes.io/name=podtailor"


class MatchWriter(Worker):
    """Writes the counts of `matched`, which reviews increase."""

    def __init__(self, api: ApiClient, matched: dict[str, int]) -> None:
        """`matched`: real Pods by `Policy.key`. Other threads increase it at any time."""
        super().__init__("matches", self._run)
        self._api = api
        self._matched = matched
        self._replica = replica_name()
        self._since = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        self._lock = threading.Lock()
        self._objects: dict[str, PolicyObject] = {}
        self._not_before: dict[str, float] = {}
        """By key: when it may be written next, in time.monotonic."""
        self._running: frozenset[str] | None = None
        """Names of the replicas; None if they are unknown, because this one may not list Pods."""
        self._list_at = 0.0
        """When to list them again, in time.monotonic."""
        self._unknown: set[str] = set()
        """Keys in `matched` that were of no policy of the cluster a round ago."""

    def report_policies(self, changes: Mapping[str, PolicyStatus | None]) -> None:
        """Take the newest version of each policy; None for one that is gone."""
        with self._lock:
            for key, status in changes.items():
                before = self._objects.pop(key, None)
                if status:
                    self._objects[key] = status.object
                if before and (status is None or status.object.metadata.uid != before.metadata.uid):
                    self._matched.pop(key, None)  # another policy may take its name
                    self._not_before.pop(key, None)

    def _run(self) -> None:
        while not self.stopped.wait(_ROUND_SECONDS):
            with self._lock:
                objects = dict(self._objects)
            self._forget_unknown(objects)
            if objects:
                self._list_replicas(objects)
            for key, policy in objects.items():
                if self.stopped.is_set():
                    return
                self._write_if_changed(key, policy)

    def _forget_unknown(self, objects: Mapping[str, PolicyObject]) -> None:
        """Counts of policies of files, and of those that are gone but that the last reviews still matched.

        A new policy may be in force a moment before it is reported, so its count stays for a round.
        """
        unknown = set(self._matched) - objects.keys()
        for key in unknown & self._unknown:
            self._matched.pop(key, None)
        self._unknown = unknown

    def _write_if_changed(self, key: str, policy: PolicyObject) -> None:
        now = time.monotonic()
        # Of a policy over the limit, the entries are not kept. An old version would only be a conflict:
        # in a long round, the replica that comes first would let no other write.
        if policy.is_excess or self._not_before.get(key, 0.0) > now or self._objects.get(key) is not policy:
            return
        entries = self._entries(policy, self._matched.get(key, 0))
        if entries == policy.matched_by:
            return
        pause = self._write(policy, entries)
        with self._lock:
            self._not_before[key] = now + pause
        self.stopped.wait(1 / _WRITES_PER_SECOND)

    def _entries(self, policy: PolicyObject, count: int) -> tuple[MatchedBy, ...]:
        """As they should be, oldest replica first. A replica that has matched no Pod has none."""
        others = [
            each
            for each in policy.matched_by
            if each.replica != self._replica and (self._running is None or each.replica in self._running)
        ]
        own = [MatchedBy(self._replica, count, self._since)] if count else []
        return tuple(sorted([*others, *own], key=lambda each: (each.since, each.replica))[-MAX_REPLICAS:])

    def _list_replicas(self, objects: Mapping[str, PolicyObject]) -> None:
        """Once a minute, and if there is an entry of a replica that may just have started.

        After `objects` were taken: whatever has an entry in them and is not listed now is gone.
        """
        names = {each.replica for policy in objects.values() for each in policy.matched_by}
        is_new = self._running is not None and not names <= self._running
        if time.monotonic() < self._list_at and not is_new:
            return
        path, query = f"/api/v1/namespaces/{OWN_NAMESPACE}/pods", {"labelSelector": _SELECTOR}
        try:
            body = request(self._api, "GET", path, query=query, seconds=_SECONDS)
        except (ApiException, HTTPError, OSError):  # without the role, entries of others stay
            self._running, self._list_at = None, time.monotonic() + FORBIDDEN_SECONDS
        else:
            names = {pod.metadata.name for pod in _PODS.decode(body).items}
            # Without this one the list is of other Pods, whatever their labels.
            self._running = frozenset(names) if self._replica in names else None
            self._list_at = time.monotonic() + _PAUSE_SECONDS

    def _write(self, policy: PolicyObject, entries: tuple[MatchedBy, ...]) -> float:
        """The seconds until the policy may be written again."""
        body = {
            # If another replica has written meanwhile, its event brings its entry.
            "metadata": {"resourceVersion": policy.metadata.resourceVersion},
            "status": {
                "matchedPods": sum(each.pods for each in entries),
                "matchedBy": msgspec.to_builtins(entries),
            },
        }
        path, query = status_path(policy), {"fieldManager": _MANAGER}
        try:
            request(self._api, "PATCH", path, body, seconds=_SECONDS, query=query)
        except ApiException as error:
            if error.status == HTTPStatus.FORBIDDEN:
                return FORBIDDEN_SECONDS
            if error.status in OUTDATED:
                return 0.0
            reason = f"{error.status} {error.reason}"
        except (HTTPError, OSError) as error:
            reason = str(error)
        else:
            return _PAUSE_SECONDS
        log.warning("matched Pods not written", extra={"policy": policy.key, "reason": reason[:300]})
        return _PAUSE_SECONDS


class _Pod(Struct, frozen=True):
    metadata: Meta


class _Pods(Struct, frozen=True):
    items: list[_Pod] = []


_PODS = msgspec.json.Decoder(_Pods)
