"""All policies in order of precedence, indexed so that a review tests only those that may match.

Each policy is filed under one of its requirements, the one that the fewest other policies share: its
namespace, a label, an annotation, images, resources, owner kinds, workload types. Only the policies filed
under a value of the Pod are tested, clause by clause. So the cost of a review depends on how many policies
are about such Pods, not on how many there are.
"""

from __future__ import annotations

import copy
import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import attrgetter

from webhook.engine.match import clauses_of, holds, owner_kinds, requested_resources
from webhook.model.names import Mode
from webhook.model.policy import Policy, precedence
from webhook.model.selectors import Selector
from webhook.model.subject import Subject

# What a policy is filed under: attribute, the key of a label or annotation (else empty), value.
_Key = tuple[str, str, str]
_Rank = tuple[int, int, int, str, str]


class _Entry:
    """One policy, compiled for matching. Compared by identity."""

    __slots__ = ("clauses", "filed", "keys", "policy", "rank")

    def __init__(self, policy: Policy, rank: _Rank) -> None:
        self.policy = policy
        self.rank = rank
        self.clauses = clauses_of(policy)
        self.keys = _index_keys(policy)
        """What it could be filed under."""
        self.filed: list[_Key] | None = None
        """What it is filed under; None if it may match any Pod, or is off."""


# By attribute, key and value.
_Postings = dict[str, dict[str, dict[str, tuple[_Entry, ...]]]]


class PolicyIndex:
    """Never changes: `replaced` makes another one, that shares with this one what did not change."""

    def __init__(self, policies: Iterable[Policy] = ()) -> None:
        """No two policies may have the same origin, namespace and name."""
        self._entries: dict[_Rank, _Entry] = {}
        self._modes = Counter[Mode]()
        self._unfiltered: frozenset[_Entry] = frozenset()
        """Policies that may match any Pod."""
        self._postings: _Postings = {}
        self._uses = Counter[_Key]()
        self._change((), policies)

    def replaced(self, gone: Iterable[Policy], come: Iterable[Policy]) -> PolicyIndex:
        """An index without `gone`, and with `come`, of which some may have the names of those."""
        index = copy.copy(self)
        index._change(gone, come)  # noqa: SLF001 (another one of this class, that nobody has yet)
        return index

    def _change(self, gone: Iterable[Policy], come: Iterable[Policy]) -> None:
        """Replaces what it changes, for other indexes have it too."""
        self._entries, self._modes, self._uses = dict(self._entries), self._modes.copy(), self._uses.copy()
        left = list(map(self._entries.pop, map(precedence, gone)))
        added = [_Entry(policy, precedence(policy)) for policy in come]
        for sign, entries in ((-1, left), (1, added)):
            for each in entries:
                self._modes[each.policy.mode] += sign
                for key in itertools.chain.from_iterable(each.keys):
                    self._uses[key] += sign
        self._entries |= {each.rank: each for each in added}
        unfiltered = set(self._unfiltered.difference(left))
        moves: dict[_Key, tuple[set[_Entry], list[_Entry]]] = {}
        for each in left:
            for key in each.filed or ():
                moves.setdefault(key, (set(), []))[0].add(each)
        for each in added:
            if each.policy.mode is Mode.OFF:
                continue
            if not each.keys:
                unfiltered.add(each)
                continue
            each.filed = min(each.keys, key=lambda keys: sum(self._uses[key] for key in keys))
            for key in each.filed:
                moves.setdefault(key, (set(), []))[1].append(each)
        self._unfiltered = frozenset(unfiltered)
        self._postings = _moved(self._postings, moves)

    def count(self, mode: Mode) -> int:
        """How many policies have this mode."""
        return self._modes[mode]

    def __iter__(self) -> Iterator[Policy]:
        """In order of precedence, including those that are off."""
        return (self._entries[rank].policy for rank in sorted(self._entries))

    def matching(self, subject: Subject) -> list[Policy]:
        """The policies that match the Pod and are not off, in order of precedence."""
        found = set(self._unfiltered)
        for attribute, by_key in self._postings.items():
            values = _VALUES.get(attribute)
            if values:
                postings = by_key[""]
                for value in values(subject):
                    found.update(postings.get(value, ()))
            else:
                of_pod = _LABELS[attribute](subject)
                for key in by_key.keys() & of_pod.keys():
                    found.update(by_key[key].get(of_pod[key] or "", ()))
        matching = [each for each in found if holds(each.clauses, subject)]
        matching.sort(key=_rank)
        return [each.policy for each in matching]


_rank = attrgetter("rank")


def _moved(postings: _Postings, moves: Mapping[_Key, tuple[set[_Entry], list[_Entry]]]) -> _Postings:
    """With entries taken out and put in; only what changes is copied."""
    postings = dict(postings)
    copied: dict[tuple[str, str], dict[str, tuple[_Entry, ...]]] = {}
    for attribute in {attribute for attribute, _, _ in moves}:
        postings[attribute] = dict(postings.get(attribute, {}))
    for (attribute, key, value), (left, added) in moves.items():
        if (attribute, key) not in copied:
            copied[attribute, key] = dict(postings[attribute].get(key, {}))
            postings[attribute][key] = copied[attribute, key]
        stays = [each for each in copied[attribute, key].get(value, ()) if each not in left]
        copied[attribute, key][value] = (*stays, *added)
        if not copied[attribute, key][value]:
            del copied[attribute, key][value]
    return postings


_NAMESPACE, _IMAGE, _RESOURCE, _OWNER, _TYPE = "namespace", "image", "resource", "owner", "type"
_NAMESPACE_LABEL, _POD_LABEL, _ANNOTATION = "namespace label", "pod label", "annotation"


def _index_keys(policy: Policy) -> list[list[_Key]]:
    """Alternatives to file the policy under: a Pod that it matches has at least one key of each list."""
    match = policy.match
    candidates: list[list[_Key]] = [
        _selector_keys(_NAMESPACE_LABEL, match.namespace_selector),
        _selector_keys(_POD_LABEL, match.pod_selector),
        [(_ANNOTATION, key, value) for key, value in (match.annotations or {}).items()][:1],
        [(_OWNER, "", kind) for kind in match.owner_kinds or ()],
        [(_TYPE, "", workload_type) for workload_type in match.workload_types or ()],
    ]
    if policy.namespace is not None:
        candidates.append([(_NAMESPACE, "", policy.namespace)])
    exact = [image.exact for image in match.images or ()]
    if exact and None not in exact:
        candidates.append([(_IMAGE, "", name) for name in exact if name])
    if match.resources and all(each.is_exact for each in match.resources):
        candidates.append([(_RESOURCE, "", str(each)) for each in match.resources])
    return [keys for keys in candidates if keys]


def _selector_keys(attribute: str, selector: Selector | None) -> list[_Key]:
    """Of the first requirement that lists values."""
    for requirement in selector.requirements if selector else ():
        if requirement.operator == "In":
            return [(attribute, requirement.key, value) for value in requirement.values]
    return []


def _images(subject: Subject) -> set[str]:
    """Repositories as patterns without a star may name them: whole, or only the last segment."""
    repositories = {container.repository for container in subject.containers}
    return repositories.union([each.rpartition("/")[2] for each in repositories])


_VALUES: Mapping[str, Callable[[Subject], Iterable[str]]] = {
    _NAMESPACE: lambda subject: (subject.namespace.name,),
    _IMAGE: _images,
    _RESOURCE: requested_resources,
    _OWNER: owner_kinds,
    _TYPE: lambda subject: subject.types,
}
_LABELS: Mapping[str, Callable[[Subject], Mapping[str, str | None]]] = {
    _NAMESPACE_LABEL: lambda subject: subject.namespace.labels,
    _POD_LABEL: lambda subject: subject.labels,
    _ANNOTATION: lambda subject: subject.metadata.annotations or {},
}
