"""Put together what is in force from the cluster, from files and from what podtailor ships, on every change.

Threads hear of changes; one of them builds the next Snapshot and hands it over. Nothing here is ever waited
for by a request.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kubernetes.client import ApiClient
from msgspec import structs

from webhook.cluster.namespaces import Namespaces
from webhook.cluster.pager import Resource
from webhook.cluster.policy_objects import MAX_IN_A_NAMESPACE, policies_of
from webhook.cluster.policy_status import PolicyStatus, PolicyStatuses
from webhook.cluster.reflector import Reflector
from webhook.cluster.snapshot_objects import LIMIT_RANGES, NAMESPACES, QUOTAS
from webhook.cluster.version import minor_version
from webhook.engine.index import PolicyIndex
from webhook.engine.snapshot import Snapshot
from webhook.model.policy import Policy
from webhook.model.text import truncate
from webhook.policies import policy_kinds
from webhook.policies.merge import Update, merge
from webhook.policies.watch import PolicyFiles
from webhook.supervision import Worker

log = logging.getLogger("podtailor.policies")

# A burst of changes becomes one snapshot: the first is in force this much later, the last at most twice.
_COALESCE_SECONDS = 0.02
# Of one core, for changes that come without end; and how late that may make the last of them.
_SHARE, _MAX_REST_SECONDS = 0.1, 2.0


class SnapshotSource:
    """`start` begins; each Update is handed over from a thread of the store's own."""

    def __init__(
        self,
        base: Snapshot,
        shipped: Iterable[Policy],
        paths: list[str],
        api: ApiClient | None,
        say: Callable[[Mapping[str, PolicyStatus | None]], None] = lambda _: None,
    ) -> None:
        """`base` has the settings; policies and namespaces of snapshots come from here.

        `say` is told how policies of the cluster stand now, by key; None for one that has gone.
        Raises InputError.
        """
        self._base = base
        self._api = api
        """Until it has been asked for its version."""
        self._shipped = tuple(shipped)
        self._say = say
        self.take: Callable[[Update], object] = lambda _: None
        self._wake = threading.Event()
        self._logged: dict[str, str] = {}
        """By key: what was last logged of a policy that cannot be used."""
        self._crowded: set[str] = set()
        """Namespaces with more policies than are heard."""
        self._indexed: tuple[Policy, ...] = ()
        self._index = PolicyIndex()
        self._policy_statuses = PolicyStatuses()
        self.namespaces = Namespaces()
        self._unsaid: dict[str, PolicyStatus | None] = {}
        """How policies stand, of which nothing has been said since."""
        self._seen: object = None
        """What the last update was made of, beside objects."""
        self._is_news = True
        """Whether there is more than the last snapshot had."""
        self._behind_since = math.inf
        """Since when no snapshot could be made of what was heard, of time.monotonic."""
        self._files = PolicyFiles(paths, self.changed)
        self.reflectors: list[Reflector[Any]] = []
        if api:
            kinds: list[Resource[Any]] = [
                NAMESPACES,
                QUOTAS,
                LIMIT_RANGES,
                *map(policies_of, policy_kinds.KINDS),
            ]
            self.reflectors = [Reflector(api, kind, self.changed) for kind in kinds]
        self._changes: dict[str, dict[str, Any]] = defaultdict(dict)
        """By kind: what has been heard and is not in the last update."""
        self._builder = Worker("snapshots", self._build)

    def start(self, take: Callable[[Update], object]) -> None:
        self.take = take
        for thread in (self._files, *self.reflectors, self._builder):
            thread.start()

    def changed(self) -> None:
        """Something has been heard: another snapshot is due."""
        self._wake.set()

    def stop(self) -> None:
        self._builder.stop()
        self._files.stop()
        for reflector in self.reflectors:
            reflector.stop()
        self._wake.set()

    def unsynced_kinds(self) -> list[str]:
        """The kinds that have not been listed yet: nothing is complete before."""
        return [reflector.resource.name for reflector in self.reflectors if not reflector.synced.is_set()]

    def age(self) -> float:
        """Seconds since what is in force was known to be all there is; 0 without a cluster."""
        heard = [reflector.observed_at for reflector in self.reflectors]
        return time.monotonic() - min([*heard, self._behind_since]) if heard else 0.0

    def update(self) -> Update:
        """What is in force by all that has been heard so far; put together again where that has changed."""
        revisions = {"files": str(self._files.reads)}
        # Taken in twice they do no harm, and after a failure they are.
        for reflector in self.reflectors:
            changes, revisions[reflector.resource.name] = reflector.take_changes()
            self._changes[reflector.resource.name].update(changes)
        if self._api:  # answers now: its objects have been listed
            self._base = structs.replace(self._base, kubernetes=minor_version(self._api))
            self._api = None
            log.info("API server", extra={"kubernetes_minor": self._base.kubernetes})
        seen = self._files.reads, [bool(revision) for revision in revisions.values()]
        self._is_news |= seen != self._seen
        self._take_in_policies()
        of_namespaces = [self._changes[kind.name] for kind in (NAMESPACES, QUOTAS, LIMIT_RANGES)]
        self.namespaces.update(*of_namespaces)
        # Also of a quota that says nothing to us: that it has been heard is told by its revision.
        self._is_news |= any(of_namespaces)
        self._seen = seen
        self._changes.clear()
        return Update(
            structs.replace(
                self._base,
                policies=self._index,
                namespaces=self.namespaces.all if self.reflectors else self._base.namespaces,
                knows_namespaces=bool(self.reflectors),
            ),
            revisions,
            self._files.problems + len(self._policy_statuses.not_ready),
        )

    def _take_in_policies(self) -> None:
        changes = (
            (key.removeprefix("/"), policy_object)
            for kind in policy_kinds.KINDS
            for key, policy_object in self._changes[kind.plural].items()
        )
        for change in self._policy_statuses.update(changes):
            self._unsaid[change.key] = change.now
            self._is_news |= change.is_news
        if self._is_news:
            policies = tuple(merge(self._policy_statuses.policies(), self._files.policies, self._shipped))
            if policies != self._indexed:  # namespaces come and go more often
                self._indexed, self._index = policies, PolicyIndex(policies)

    def _build(self) -> None:
        self._wake.set()  # at the start, and again after a failure
        while True:
            self._wake.wait()
            if self._builder.stopped.is_set():
                return
            time.sleep(_COALESCE_SECONDS)
            self._wake.clear()
            if self.unsynced_kinds():
                continue
            began = time.thread_time()
            self.publish()
            # Whoever changes things without end may have this much of a core, and no more.
            took = time.thread_time() - began
            self._builder.stopped.wait(min(_MAX_REST_SECONDS, took * (1 / _SHARE - 1)))

    def publish(self) -> None:
        """What is news becomes a snapshot in force; how policies stand is logged and said."""
        try:
            update = self.update()
            if self._is_news:
                self.take(update)
        except Exception:
            # The snapshot in force stays, and its age says so.
            self._behind_since = min(self._behind_since, time.monotonic())
            raise
        self._behind_since, self._is_news = math.inf, False
        self._log(self._unsaid)
        self._say(self._unsaid)
        self._unsaid = {}

    def _log(self, policy_statuses: Mapping[str, PolicyStatus | None]) -> None:
        """Each policy that cannot be used, once for each reason; one line for all over a limit."""
        for key, policy_status in policy_statuses.items():
            if policy_status is None or policy_status.is_ready or policy_status.object.is_excess:
                self._logged.pop(key, None)
            elif self._logged.get(key) != policy_status.message:
                self._logged[key] = policy_status.message
                reason = truncate(policy_status.message, 1024)
                log.error(
                    "policy cannot be used",
                    extra={"policy": policy_status.object.key, "reason": reason},
                )
        excess = self._policy_statuses.excess
        for namespace in excess.keys() - self._crowded:
            told = {"namespace": namespace, "limit": MAX_IN_A_NAMESPACE, "excess": excess[namespace]}
            log.error("more policies in a namespace than are heard, the oldest are in force", extra=told)
        self._crowded = set(excess)
