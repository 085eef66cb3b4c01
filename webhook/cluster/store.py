"""Put together what is in force from the cluster, from files and from what podtailor ships, on every change.

Threads hear of changes; one of them builds the next Snapshot and hands it over. Nothing here is ever waited
for by a request.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kubernetes.client import ApiClient

from webhook.cluster.kinds import (
    NAMESPACES,
    QUOTAS,
    RANGES,
    Known,
    Quota,
    Range,
    bound_by,
    guarded_by,
    policies_of,
)
from webhook.cluster.reflector import Reflector
from webhook.cluster.standing import Standing, Standings
from webhook.engine.index import PolicyIndex
from webhook.engine.snapshot import Snapshot
from webhook.model.policy import Policy
from webhook.model.subject import Namespace
from webhook.model.words import cut
from webhook.policies import crd
from webhook.policies.live import PolicyFiles
from webhook.policies.sources import Update, combined
from webhook.supervision import Worker

log = logging.getLogger("podtailor.policies")

# A burst of changes becomes one snapshot: the first is in force this much later, the last at most twice.
_COALESCE_SECONDS = 0.02


class Store:
    """`start` begins; each Update is handed over from a thread of the store's own."""

    def __init__(
        self,
        base: Snapshot,
        shipped: Iterable[Policy],
        paths: list[str],
        api: ApiClient | None,
        say: Callable[[tuple[Standing, ...]], None] = lambda _: None,
    ) -> None:
        """`base` has the settings; policies and namespaces of snapshots come from here.

        `say` is told how each policy of the cluster stands. Raises InputError.
        """
        self._base = base
        self._shipped = tuple(shipped)
        self._say = say
        self._take: Callable[[Update], object] = lambda _: None
        self._wake = threading.Event()
        self._said: dict[str, str] = {}
        """By uid: what was last logged of a policy that cannot be used."""
        self._indexed: tuple[Policy, ...] = ()
        self._index = PolicyIndex()
        self._remembered = Standings()
        self.standings: tuple[Standing, ...] = ()
        """Of the last update."""
        self._behind_since = math.inf
        """Since when no snapshot could be made of what was heard, of time.monotonic."""
        self._files = PolicyFiles(paths, self._wake.set)
        self._namespaces: Reflector[Namespace] | None = None
        self._quotas: Reflector[Quota] | None = None
        self._ranges: Reflector[Range] | None = None
        self._policies: list[Reflector[Known]] = []
        if api:
            self._namespaces = Reflector(api, NAMESPACES, self._wake.set)
            self._quotas = Reflector(api, QUOTAS, self._wake.set)
            self._ranges = Reflector(api, RANGES, self._wake.set)
            self._policies = [Reflector(api, policies_of(kind), self._wake.set) for kind in crd.KINDS]
        self._builder = Worker("snapshots", self._build)

    @property
    def reflectors(self) -> list[Reflector[Any]]:
        first = [each for each in (self._namespaces, self._quotas, self._ranges) if each]
        return [*first, *self._policies]

    def start(self, take: Callable[[Update], object]) -> None:
        self._take = take
        for thread in (self._files, *self.reflectors, self._builder):
            thread.start()

    def stop(self) -> None:
        self._builder.stop()
        self._files.stop()
        for reflector in self.reflectors:
            reflector.stop()
        self._wake.set()

    def waits_for(self) -> list[str]:
        """The kinds that have not been listed yet: nothing is complete before."""
        return [reflector.kind.name for reflector in self.reflectors if not reflector.synced.is_set()]

    def age(self) -> float:
        """Seconds since what is in force was known to be all there is; 0 without a cluster."""
        heard = [reflector.heard_at for reflector in self.reflectors]
        return time.monotonic() - min([*heard, self._behind_since]) if heard else 0.0

    def update(self) -> Update:
        """What is in force by all that has been heard so far."""
        # Revisions first: what comes in meanwhile is in the snapshot and only said later.
        revisions = {reflector.kind.name: reflector.revision for reflector in self.reflectors}
        revisions["files"] = str(self._files.reads)
        self.standings = self._remembered.of(
            known for reflector in self._policies for known in reflector.items().values()
        )
        in_force = (standing.policy for standing in self.standings if standing.policy)
        policies = tuple(combined(in_force, self._files.policies, self._shipped))
        if policies != self._indexed:  # namespaces come and go more often
            self._indexed, self._index = policies, PolicyIndex(policies)
        return Update(
            Snapshot(
                self._index,
                namespaces=self._all_namespaces(),
                knows_namespaces=self._namespaces is not None,
                mode=self._base.mode,
                accelerators=self._base.accelerators,
                annotate=self._base.annotate,
            ),
            revisions,
            self._files.problems + sum(not standing.is_ready for standing in self.standings),
        )

    def _build(self) -> None:
        self._wake.set()  # at the start, and again after a failure
        while True:
            self._wake.wait()
            if self._builder.stopped.is_set():
                return
            time.sleep(_COALESCE_SECONDS)
            self._wake.clear()
            if self.waits_for():
                continue
            try:
                self._take(self.update())
            except Exception:
                # The snapshot in force stays, and its age says so.
                self._behind_since = min(self._behind_since, time.monotonic())
                raise
            else:
                self._behind_since = math.inf
                self._log(self.standings)
                self._say(self.standings)

    def _log(self, standings: Iterable[Standing]) -> None:
        """Each policy that cannot be used, once for each reason."""
        bad = {each.known.metadata.uid: each for each in standings if not each.is_ready}
        for uid, standing in bad.items():
            if self._said.get(uid) != standing.message:
                said = {"policy": standing.known.key, "reason": cut(standing.message, 1024)}
                log.error("policy cannot be used", extra=said)
        self._said = {uid: standing.message for uid, standing in bad.items()}

    def _all_namespaces(self) -> Mapping[str, Namespace]:
        if self._namespaces is None or self._quotas is None or self._ranges is None:
            return self._base.namespaces
        made = {namespace.name: namespace for namespace in self._namespaces.items().values()}
        for quota in self._quotas.items().values():
            if quota.namespace in made:
                made[quota.namespace] = guarded_by(made[quota.namespace], quota)
        for found in self._ranges.items().values():
            if found.namespace in made:
                made[found.namespace] = bound_by(made[found.namespace], found)
        return made
