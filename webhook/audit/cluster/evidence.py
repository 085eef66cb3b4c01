"""Read evidence that policies were in force: once per namespace, when a Pod seems to have slipped through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from msgspec import structs

from webhook.audit.enforcement import Enforcement, FirstApplied
from webhook.engine.snapshot import Snapshot

ReadFirstApplied = Callable[[str, Mapping[str, str]], FirstApplied]
"""As `Cluster.first_applied`."""


def with_evidence(enforcement: Enforcement, snapshot: Snapshot, read: ReadFirstApplied) -> Enforcement:
    return structs.replace(enforcement, first_applied=_Evidence(enforcement, snapshot, read))


class _Evidence(Mapping[str, FirstApplied]):
    """By namespace. Raises ClusterError."""

    def __init__(self, enforcement: Enforcement, snapshot: Snapshot, read: ReadFirstApplied) -> None:
        self._enforcement = enforcement
        self._snapshot = snapshot
        self._read = read
        self._known: dict[str, FirstApplied] = {}

    def __getitem__(self, namespace: str) -> FirstApplied:
        if namespace not in self._known:
            self._known[namespace] = self._read(namespace, self._since(namespace))
        return self._known[namespace]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def _since(self, namespace: str) -> dict[str, str]:
        """By name, as in annotations; a name that two policies share is no evidence."""
        in_scope = [each for each in self._snapshot.policies if each.namespace in (None, namespace)]
        counts = Counter(each.name for each in in_scope)
        times = {}
        for each in in_scope:
            since = self._enforcement.in_force_since(each, namespace)
            if since is not None and counts[each.name] == 1:
                times[each.name] = since
        return times
