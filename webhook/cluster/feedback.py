"""What a replica writes back to the cluster: the status of policies, how many Pods they matched, Events."""

from __future__ import annotations

from collections.abc import Mapping

from kubernetes.client import ApiClient

from webhook.cluster.event_writer import EventWriter
from webhook.cluster.match_writer import MatchWriter
from webhook.cluster.policy_status import PolicyStatus
from webhook.cluster.status_writer import StatusWriter
from webhook.model.denial import Denial


class ClusterFeedback:
    """Each part writes in a thread of its own. Without its role it writes nothing, and no more changes."""

    def __init__(self, api: ApiClient) -> None:
        self.matched: dict[str, int] = {}
        """Real Pods by `Policy.key`, for the server to increase."""
        self._statuses, self._events = StatusWriter(api), EventWriter(api)
        self._matches = MatchWriter(api, self.matched)

    def start(self) -> None:
        for worker in (self._statuses, self._events, self._matches):
            worker.start()

    def report_policies(self, changes: Mapping[str, PolicyStatus | None]) -> None:
        """Changed statuses by key; None for a policy that is gone."""
        self._events.report_policies(changes)
        self._statuses.enqueue(changes)
        self._matches.report_policies(changes)

    def report_denial(self, denial: Denial) -> None:
        """Returns at once."""
        self._events.report_denial(denial)

    def event_counts(self) -> Mapping[str, int]:
        """By result, for metrics."""
        return self._events.counts()
