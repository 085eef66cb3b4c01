"""The policies in force, indexed; of those of the cluster, only the ones that change are indexed again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from webhook.engine.index import PolicyIndex
from webhook.model.policy import Policy
from webhook.policies.merge import merge


class IndexedPolicies:
    def __init__(self, shipped: Iterable[Policy]) -> None:
        self._shipped = tuple(shipped)
        self._of_files: tuple[Policy, ...] = ()
        self._of_cluster: dict[str, Policy] = {}
        """By `PolicyObject.key`."""
        self._other_names = frozenset(each.name for each in self._shipped)
        """Of shipped policies and those of files: a policy of the cluster may take their place."""
        self.index = PolicyIndex(self._shipped)

    def update(self, changes: Mapping[str, Policy | None], of_files: tuple[Policy, ...]) -> None:
        """Apply changes of the cluster, by key; None for a policy that is not in force any more."""
        changed = {key: policy for key, policy in changes.items() if policy != self._of_cluster.get(key)}
        if not changed and of_files is self._of_files:
            return
        gone = [self._of_cluster[key] for key in changed if key in self._of_cluster]
        come = {key: policy for key, policy in changed.items() if policy}
        of_cluster = {key: each for key, each in self._of_cluster.items() if key not in changed} | come
        names = {policy.name for policy in (*gone, *come.values())}
        if of_files is not self._of_files or not names.isdisjoint(self._other_names):
            self.index = PolicyIndex(merge(of_cluster.values(), of_files, self._shipped))
        else:
            self.index = self.index.replaced(gone, come.values())
        # Last: after a failure the same changes come again.
        self._of_files, self._of_cluster = of_files, of_cluster
        self._other_names = frozenset(each.name for each in (*of_files, *self._shipped))
