"""Put together what is in force from the cluster, from files and from what podtailor ships, on every change.

Threads hear of changes; one of them builds the next Snapshot and hands it over. Nothing here is ever waited
for by a request.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kubernetes.client import ApiClient
from msgspec import Struct, structs

from webhook.cluster.kinds import NAMESPACES, QUOTAS, RANGES, Known, Quota, Range, policies_of
from webhook.cluster.reflector import Reflector
from webhook.engine.snapshot import Snapshot, snapshot_of
from webhook.model.policy import Policy
from webhook.model.subject import Namespace
from webhook.model.words import cut
from webhook.policies import crd
from webhook.policies.live import PolicyFiles
from webhook.policies.sources import Update, combined

log = logging.getLogger("podtailor.policies")

# A burst of changes becomes one snapshot: the first is in force this much later, the last at most twice.
_COALESCE_SECONDS = 0.02
# People who do not run the cluster write these: what they write costs every request of their namespace.
MOST_IN_A_NAMESPACE = 20


class Standing(Struct, frozen=True):
    """What is to be said of a policy in its status."""

    known: Known
    is_ready: bool
    reason: str
    message: str


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
        self._stopped = False
        self._said: dict[str, str] = {}
        """By uid: what was last logged of a policy that cannot be used."""
        self._good: dict[str, Policy] = {}
        """By uid: the last version of a policy that could be used."""
        self._files = PolicyFiles(paths, self._wake.set)
        self._namespaces: Reflector[dict[str, str]] | None = None
        self._quotas: Reflector[Quota] | None = None
        self._ranges: Reflector[Range] | None = None
        self._policies: list[Reflector[Known]] = []
        if api:
            self._namespaces = Reflector(api, NAMESPACES, self._wake.set)
            self._quotas = Reflector(api, QUOTAS, self._wake.set)
            self._ranges = Reflector(api, RANGES, self._wake.set)
            self._policies = [Reflector(api, policies_of(kind), self._wake.set) for kind in crd.KINDS]
        self._thread = threading.Thread(target=self._run, name="snapshots", daemon=True)

    @property
    def reflectors(self) -> list[Reflector[Any]]:
        first = [each for each in (self._namespaces, self._quotas, self._ranges) if each]
        return [*first, *self._policies]

    def start(self, take: Callable[[Update], object]) -> None:
        self._take = take
        for thread in (self._files, *self.reflectors, self._thread):
            thread.start()
        self._wake.set()

    def stop(self) -> None:
        self._stopped = True
        self._files.stop()
        for reflector in self.reflectors:
            reflector.stop()
        self._wake.set()

    def waits_for(self) -> list[str]:
        """The kinds that have not been listed yet: nothing is complete before."""
        return [reflector.kind.name for reflector in self.reflectors if not reflector.synced.is_set()]

    def age(self) -> float:
        """Seconds since the API server was heard of the kind that has been silent longest; 0 without one."""
        heard = [reflector.heard_at for reflector in self.reflectors]
        return time.monotonic() - min(heard) if heard else 0.0

    def _run(self) -> None:
        while True:
            self._wake.wait()
            if self._stopped:
                return
            time.sleep(_COALESCE_SECONDS)
            self._wake.clear()
            try:
                if not self.waits_for():
                    self._take(self._update())
            except Exception:
                # The snapshot in force stays; the next change tries again.
                log.exception("no snapshot made")

    def _update(self) -> Update:
        # Revisions first: what comes in meanwhile is in the snapshot and only said later.
        revisions = {reflector.kind.name: reflector.revision for reflector in self.reflectors}
        revisions["files"] = str(self._files.reads)
        standings = tuple(self._standings())
        self._log(standings)
        self._say(standings)
        own = (*self._in_force(standings), *self._files.policies)
        return Update(
            snapshot_of(
                combined(own, self._shipped),
                namespaces=self._all_namespaces(),
                knows_namespaces=self._namespaces is not None,
                mode=self._base.mode,
                accelerators=self._base.accelerators,
                annotate=self._base.annotate,
            ),
            revisions,
            self._files.problems + sum(not standing.is_ready for standing in standings),
        )

    def _log(self, standings: Iterable[Standing]) -> None:
        """Each policy that cannot be used, once for each reason."""
        bad = {each.known.metadata.uid: each for each in standings if not each.is_ready}
        for uid, standing in bad.items():
            if self._said.get(uid) != standing.message:
                where = f"{standing.known.metadata.namespace or ''}/{standing.known.metadata.name}".lstrip(
                    "/"
                )
                log.error(
                    "policy cannot be used", extra={"policy": where, "reason": cut(standing.message, 1024)}
                )
        self._said = {uid: standing.message for uid, standing in bad.items()}

    def _standings(self) -> list[Standing]:
        known = [each for reflector in self._policies for each in reflector.items().values()]
        # Oldest first: whoever fills a namespace with policies cannot push out those that stood there before.
        known.sort(key=lambda each: (each.metadata.creationTimestamp, each.metadata.name))
        uids = {each.metadata.uid for each in known}
        self._good = {uid: policy for uid, policy in self._good.items() if uid in uids}
        count: dict[str, int] = {}
        standings = []
        for each in known:
            namespace = each.metadata.namespace
            if namespace:
                count[namespace] = count.get(namespace, 0) + 1
            if namespace and count[namespace] > MOST_IN_A_NAMESPACE:
                message = (
                    f"{namespace} has {MOST_IN_A_NAMESPACE} older WorkloadPolicies, and no more are heard"
                )
                standings.append(Standing(each, is_ready=False, reason="TooMany", message=message))
            else:
                standings.append(self._standing(each))
        return standings

    def _standing(self, known: Known) -> Standing:
        uid = known.metadata.uid
        if known.policy:
            self._good[uid] = known.policy
            return Standing(known, is_ready=True, reason="InForce", message="as written")
        stays = "; the last good version stays in force" if uid in self._good else ""
        return Standing(known, is_ready=False, reason="Invalid", message=f"{known.problem}{stays}")

    def _in_force(self, standings: Iterable[Standing]) -> list[Policy]:
        heard = (each.known.metadata.uid for each in standings if each.reason != "TooMany")
        return [self._good[uid] for uid in heard if uid in self._good]

    def _all_namespaces(self) -> Mapping[str, Namespace]:
        if self._namespaces is None or self._quotas is None or self._ranges is None:
            return self._base.namespaces
        made = {
            key.removeprefix("/"): Namespace(key.removeprefix("/"), labels)
            for key, labels in self._namespaces.items().items()
        }
        for quota in self._quotas.items().values():
            namespace = made.get(quota.namespace)
            if namespace:
                made[quota.namespace] = structs.replace(
                    namespace,
                    has_best_effort_quota=namespace.has_best_effort_quota or quota.by_class,
                    counts_ephemeral_storage=namespace.counts_ephemeral_storage
                    or quota.counts_ephemeral_storage,
                )
        for found in self._ranges.items().values():
            namespace = made.get(found.namespace)
            if namespace:
                made[found.namespace] = structs.replace(
                    namespace,
                    container_bounds=(*namespace.container_bounds, *found.container),
                    pod_bounds=(*namespace.pod_bounds, *found.pod),
                )
        return made
