"""Build a snapshot from the cluster, from files and from shipped policies on every change.

Reflectors and file watchers run in threads; another thread builds snapshots. No review waits for any of them.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from kubernetes.client import ApiClient
from msgspec import structs

from webhook.cluster.image_platforms import IMAGE_PLATFORMS, REFRESH_SECONDS, ImageSnapshot, ReadImages
from webhook.cluster.indexed_policies import IndexedPolicies
from webhook.cluster.namespaces import Namespaces
from webhook.cluster.pager import Resource
from webhook.cluster.policy_objects import MAX_IN_A_NAMESPACE, policies_of
from webhook.cluster.policy_status import PolicyStatus, PolicyStatuses
from webhook.cluster.reflector import Reflector
from webhook.cluster.snapshot_objects import LIMIT_RANGES, NAMESPACES, QUOTAS
from webhook.cluster.version import minor_version
from webhook.engine.snapshot import Snapshot
from webhook.model.policy import Policy
from webhook.model.text import truncate
from webhook.policies import policy_kinds
from webhook.policies.merge import Update
from webhook.policies.watch import PolicyFiles
from webhook.supervision import Worker

log = logging.getLogger("podtailor.policies")

# A burst of changes becomes one snapshot: the first change waits this long, the last at most twice as long.
_COALESCE_SECONDS = 0.02
# The share of a core that endless changes may take, and the longest pause that keeps it there.
_SHARE, _MAX_PAUSE_SECONDS = 0.1, 2.0


class SnapshotSource:
    """After `start`, each Update is passed to a callback from a thread of this source."""

    def __init__(  # noqa: PLR0913, PLR0917 (what a source is made of)
        self,
        base: Snapshot,
        shipped: Iterable[Policy],
        paths: list[str],
        api: ApiClient | None,
        report: Callable[[Mapping[str, PolicyStatus | None]], None] = lambda _: None,
        read_images: ReadImages | None = None,
    ) -> None:
        """`base` has the settings of each snapshot; policies and namespaces are added to it.

        `read_images`: of the ConfigMap about platforms; None if it is not read.
        `report` gets changed statuses of the cluster's policies by key; None for a policy that is gone.
        Raises InputError.
        """
        self._base = base
        self._kubernetes = base.kubernetes
        """The version that the API server said last."""
        self._report = report
        self.on_update: Callable[[Update], object] = lambda _: None
        self._wake = threading.Event()
        self._logged: dict[str, str] = {}
        """By key: the last message logged for a policy that cannot be used."""
        self._crowded: set[str] = set()
        """Namespaces with more policies than the limit."""
        self._policies = IndexedPolicies(shipped)
        self._policy_statuses = PolicyStatuses()
        self.namespaces = Namespaces()
        self._unreported: dict[str, PolicyStatus | None] = {}
        """Changed statuses that have not been reported yet."""
        self._last_reads: object = None
        """How often files were read, and which resources were listed, at the last update."""
        self._is_stale = True
        """Whether the last snapshot lacks a change."""
        self._behind_since = math.inf
        """Since when building snapshots has failed, in time.monotonic."""
        self._files = PolicyFiles(paths, self.changed)
        self.reflectors: list[Reflector[Any]] = []
        if api:
            resources: list[Resource[Any]] = [
                QUOTAS,
                LIMIT_RANGES,
                *map(policies_of, policy_kinds.KINDS),
            ]
            if read_images:
                resources.append(IMAGE_PLATFORMS)
            self.reflectors = [
                Reflector(api, NAMESPACES, self.changed, partial(self._read_version, api)),
                *(Reflector(api, resource, self.changed) for resource in resources),
            ]
        self._images = ImageSnapshot(read_images) if read_images else None
        self._changes: dict[str, dict[str, Any]] = defaultdict(dict)
        """By resource: changes that are not in the last update."""
        self._builder = Worker("snapshots", self._build)

    def start(self, on_update: Callable[[Update], object]) -> None:
        self.on_update = on_update
        for thread in (self._files, *self.reflectors, self._builder):
            thread.start()

    def changed(self) -> None:
        """Have another snapshot built."""
        self._wake.set()

    def _read_version(self, api: ApiClient) -> None:
        """A control plane may have been upgraded since. A version that cannot be read stays as it was."""
        minor = minor_version(api)
        if minor and minor != self._kubernetes:
            self._kubernetes = minor
            self.changed()

    def stop(self) -> None:
        self._builder.stop()
        self._files.stop()
        for reflector in self.reflectors:
            reflector.stop()
        self._wake.set()

    def unsynced_kinds(self) -> list[str]:
        """The resources that have not been listed yet. No snapshot is complete before."""
        return [reflector.resource.name for reflector in self.reflectors if not reflector.synced.is_set()]

    def age(self) -> float:
        """Seconds since the snapshot in force was known to be current; 0 without a cluster."""
        observed = [reflector.observed_at for reflector in self.reflectors]
        return time.monotonic() - min([*observed, self._behind_since]) if observed else 0.0

    def update(self) -> Update:
        """A snapshot of everything observed so far; only what has changed is built again."""
        revisions = {"files": str(self._files.reads)}
        # Kept until the end: after a failure they are applied again, which does no harm.
        for reflector in self.reflectors:
            changes, revisions[reflector.resource.name] = reflector.take_changes()
            self._changes[reflector.resource.name].update(changes)
        if self._kubernetes != self._base.kubernetes:
            self._base = structs.replace(self._base, kubernetes=self._kubernetes)
            self._is_stale = True
            log.info("API server", extra={"kubernetes_minor": self._kubernetes})
        reads = self._files.reads, [bool(revision) for revision in revisions.values()]
        self._is_stale |= reads != self._last_reads
        self._apply_policy_changes()
        of_namespaces = [self._changes[resource.name] for resource in (NAMESPACES, QUOTAS, LIMIT_RANGES)]
        self.namespaces.update(*of_namespaces)
        # Also for a quota that changes nothing: the revision in the metrics shows that it was observed.
        self._is_stale |= any(of_namespaces)
        if self._images:
            self._is_stale |= self._images.update(self._changes[IMAGE_PLATFORMS.name])
        self._last_reads = reads
        self._changes.clear()
        return Update(
            structs.replace(
                self._base,
                policies=self._policies.index,
                namespaces=self.namespaces.all if self.reflectors else self._base.namespaces,
                knows_namespaces=bool(self.reflectors),
                image_platforms=self._images.known if self._images else self._base.image_platforms,
            ),
            revisions,
            self._files.problems + len(self._policy_statuses.not_ready),
        )

    def _apply_policy_changes(self) -> None:
        changes = (
            (key.removeprefix("/"), policy_object)
            for kind in policy_kinds.KINDS
            for key, policy_object in self._changes[kind.plural].items()
        )
        policies: dict[str, Policy | None] = {}
        for change in self._policy_statuses.update(changes):
            self._unreported[change.key] = change.now
            self._is_stale |= change.affects_reviews
            policies[change.key] = change.now.policy if change.now else None
        self._policies.update(policies, self._files.policies)

    def _build(self) -> None:
        self._wake.set()  # at the start, and again after a failure
        while True:
            self._wake.wait(REFRESH_SECONDS if self._images else None)
            if self._builder.stopped.is_set():
                return
            time.sleep(_COALESCE_SECONDS)
            self._wake.clear()
            if self.unsynced_kinds():
                continue
            began = time.thread_time()
            self.publish()
            seconds = time.thread_time() - began
            self._builder.stopped.wait(min(_MAX_PAUSE_SECONDS, seconds * (1 / _SHARE - 1)))

    def publish(self) -> None:
        """Pass a new snapshot on if anything changed; log and report statuses."""
        try:
            update = self.update()
            if self._is_stale:
                self.on_update(update)
        except Exception:
            # The last snapshot stays in force, and its age shows it.
            self._behind_since = min(self._behind_since, time.monotonic())
            raise
        self._behind_since, self._is_stale = math.inf, False
        self._log(self._unreported)
        self._report(self._unreported)
        self._unreported = {}

    def _log(self, policy_statuses: Mapping[str, PolicyStatus | None]) -> None:
        """Log each policy that cannot be used, once per reason, and each namespace over the limit."""
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
            fields = {"namespace": namespace, "limit": MAX_IN_A_NAMESPACE, "excess": excess[namespace]}
            log.error("too many policies in a namespace: only the oldest are in force", extra=fields)
        self._crowded = set(excess)
