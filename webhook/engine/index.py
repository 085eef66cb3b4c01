"""All policies in the order in which they are heard, and which of them can be about a Pod.

Each policy is filed under one thing that it asks for, the most telling one: its namespace, a label, an
annotation, kinds of owner, workload types. A Pod is asked what it has of these, and only the policies that
are filed there are matched, clause by clause: what a review costs depends on how many policies are about
such Pods, not on how many there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from webhook.engine.match import asked, holds, owner_kinds
from webhook.model.names import Mode
from webhook.model.policy import Policy, rank
from webhook.model.selectors import Selector
from webhook.model.subject import Subject

# Of policies their numbers, in the order in which they are heard, by a value that they ask for.
_Drawer = dict[str, list[int]]
# Of labels and annotations, by their keys.
_Drawers = dict[str, _Drawer]


class PolicyIndex:
    """Built once for a snapshot, then only read."""

    def __init__(self, policies: Iterable[Policy] = ()) -> None:
        self._policies = tuple(sorted(policies, key=rank))
        self._asked = tuple(map(asked, self._policies))
        self._about_all: list[int] = []
        self._namespaces: _Drawer = {}
        self._owners: _Drawer = {}
        self._types: _Drawer = {}
        self._namespace_labels: _Drawers = {}
        self._pod_labels: _Drawers = {}
        self._annotations: _Drawers = {}
        for number, policy in enumerate(self._policies):
            if policy.mode is not Mode.OFF:
                self._file(number, policy)

    def __iter__(self) -> Iterator[Policy]:
        """In the order in which they are heard; also those that are off."""
        return iter(self._policies)

    def __len__(self) -> int:
        return len(self._policies)

    def matching(self, subject: Subject) -> list[Policy]:
        """Those that are for this Pod and not off, in the order in which they are heard."""
        numbers = set(self._about_all)
        for drawer, values in (
            (self._namespaces, (subject.namespace.name,)),
            (self._owners, owner_kinds(subject)),
            (self._types, subject.types),
        ):
            for value in values:
                numbers.update(drawer.get(value, ()))
        for drawers, there in (
            (self._namespace_labels, subject.namespace.labels),
            (self._pod_labels, subject.labels),
            (self._annotations, subject.metadata.annotations or {}),
        ):
            for key in drawers.keys() & there.keys() if drawers else ():
                numbers.update(drawers[key].get(there[key] or "", ()))
        return [self._policies[number] for number in sorted(numbers) if holds(self._asked[number], subject)]

    def _file(self, number: int, policy: Policy) -> None:
        match, values = policy.match, tuple[str, ...]()
        if policy.namespace is not None:
            drawer, values = self._namespaces, (policy.namespace,)
        elif found := _named(match.namespace_selector):
            drawer, values = self._namespace_labels.setdefault(found[0], {}), found[1]
        elif found := _named(match.pod_selector):
            drawer, values = self._pod_labels.setdefault(found[0], {}), found[1]
        elif match.annotations:
            key, value = next(iter(match.annotations.items()))
            drawer, values = self._annotations.setdefault(key, {}), (value,)
        elif match.owner_kinds is not None:
            drawer, values = self._owners, match.owner_kinds
        elif match.workload_types is not None:
            drawer, values = self._types, match.workload_types
        else:
            self._about_all.append(number)
            return
        for value in values:
            drawer.setdefault(value, []).append(number)


def _named(selector: Selector | None) -> tuple[str, tuple[str, ...]] | None:
    """Key and values of the first requirement that says which values it takes."""
    for requirement in selector.requirements if selector else ():
        if requirement.operator == "In":
            return requirement.key, requirement.values
    return None
