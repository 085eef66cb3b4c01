"""All policies in the order in which they are heard, and which of them can be about a Pod.

Each policy is filed under one thing that it asks for, the one that fewest others ask for: its namespace,
a label, an annotation, images, kinds of owner, workload types. A Pod is asked what it has of these, and only
the policies that are filed there are matched, clause by clause: what a review costs depends on how many
policies are about such Pods, not on how many there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

from webhook.engine.match import clauses_of, holds, owner_kinds
from webhook.model.names import Mode
from webhook.model.policy import Policy, precedence
from webhook.model.selectors import Selector
from webhook.model.subject import Subject

# What a policy asks for: of which kind, the key of a label or annotation, and the value.
_Key = tuple[str, str, str]
# Of policies their numbers, in the order in which they are heard, by value.
_Postings = dict[str, list[int]]


class PolicyIndex:
    """Built once for a snapshot, then only read."""

    def __init__(self, policies: Iterable[Policy] = ()) -> None:
        self._policies = tuple(sorted(policies, key=precedence))
        self._clauses = tuple(map(clauses_of, self._policies))
        self._about_all: list[int] = []
        self._values: dict[str, _Postings] = {}
        self._labels: dict[str, dict[str, _Postings]] = {}
        keys_of = [_index_keys(policy) for policy in self._policies]
        wanted = Counter(key for each in keys_of for keys in each for key in keys)
        for number, policy in enumerate(self._policies):
            if policy.mode is Mode.OFF:
                continue
            if not keys_of[number]:
                self._about_all.append(number)
                continue
            for kind, key, value in min(keys_of[number], key=lambda keys: sum(wanted[each] for each in keys)):
                by_key = self._labels.setdefault(kind, {}).setdefault(key, {}) if key else None
                postings = self._values.setdefault(kind, {}) if by_key is None else by_key
                postings.setdefault(value, []).append(number)

    def __iter__(self) -> Iterator[Policy]:
        """In the order in which they are heard; also those that are off."""
        return iter(self._policies)

    def __len__(self) -> int:
        return len(self._policies)

    def matching(self, subject: Subject) -> list[Policy]:
        """Those that are for this Pod and not off, in the order in which they are heard."""
        numbers = set(self._about_all)
        for kind, postings in self._values.items():
            for value in _VALUES[kind](subject):
                numbers.update(postings.get(value, ()))
        for kind, by_key in self._labels.items():
            there = _LABELS[kind](subject)
            for key in by_key.keys() & there.keys():
                numbers.update(by_key[key].get(there[key] or "", ()))
        return [self._policies[number] for number in sorted(numbers) if holds(self._clauses[number], subject)]


_NAMESPACE, _IMAGE, _OWNER, _TYPE = "namespace", "image", "owner", "type"
_NAMESPACE_LABEL, _POD_LABEL, _ANNOTATION = "namespace label", "pod label", "annotation"


def _index_keys(policy: Policy) -> list[list[_Key]]:
    """Of each list a Pod has at least one thing, if the policy is for it."""
    match = policy.match
    found: list[list[_Key]] = [
        _selected(_NAMESPACE_LABEL, match.namespace_selector),
        _selected(_POD_LABEL, match.pod_selector),
        [(_ANNOTATION, key, value) for key, value in (match.annotations or {}).items()][:1],
        [(_OWNER, "", kind) for kind in match.owner_kinds or ()],
        [(_TYPE, "", workload_type) for workload_type in match.workload_types or ()],
    ]
    if policy.namespace is not None:
        found.append([(_NAMESPACE, "", policy.namespace)])
    exact = [image.exact for image in match.images or ()]
    if exact and None not in exact:
        found.append([(_IMAGE, "", name) for name in exact if name])
    return [keys for keys in found if keys]


def _selected(kind: str, selector: Selector | None) -> list[_Key]:
    """By the first requirement that says which values it takes."""
    for requirement in selector.requirements if selector else ():
        if requirement.operator == "In":
            return [(kind, requirement.key, value) for value in requirement.values]
    return []


def _images(subject: Subject) -> set[str]:
    """As patterns without a star may name them: whole, or by the last segment."""
    repositories = {container.repository for container in subject.containers}
    return repositories.union([each.rpartition("/")[2] for each in repositories])


_VALUES: Mapping[str, Callable[[Subject], Iterable[str]]] = {
    _NAMESPACE: lambda subject: (subject.namespace.name,),
    _IMAGE: _images,
    _OWNER: owner_kinds,
    _TYPE: lambda subject: subject.types,
}
_LABELS: Mapping[str, Callable[[Subject], Mapping[str, str | None]]] = {
    _NAMESPACE_LABEL: lambda subject: subject.namespace.labels,
    _POD_LABEL: lambda subject: subject.labels,
    _ANNOTATION: lambda subject: subject.metadata.annotations or {},
}
