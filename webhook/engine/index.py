"""All policies in order of precedence, indexed so that a review tests only those that may match.

Each policy is filed under one of its requirements, the one that the fewest other policies share: its
namespace, a label, an annotation, images, resources, owner kinds, workload types. Only the policies filed
under a value of the Pod are tested, clause by clause. So the cost of a review depends on how many policies
are about such Pods, not on how many there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

from webhook.engine.match import clauses_of, holds, owner_kinds, requested_resources
from webhook.model.names import Mode
from webhook.model.policy import Policy, precedence
from webhook.model.selectors import Selector
from webhook.model.subject import Subject

# What a policy is filed under: attribute, the key of a label or annotation (else empty), value.
_Key = tuple[str, str, str]
# By value, the positions of policies in order of precedence.
_Postings = dict[str, list[int]]


class PolicyIndex:
    """Built once for a snapshot, then only read."""

    def __init__(self, policies: Iterable[Policy] = ()) -> None:
        self._policies = tuple(sorted(policies, key=precedence))
        self._clauses = tuple(map(clauses_of, self._policies))
        self._unfiltered: list[int] = []
        """Policies that may match any Pod."""
        self._values: dict[str, _Postings] = {}
        self._labels: dict[str, dict[str, _Postings]] = {}
        candidates = [_index_keys(policy) for policy in self._policies]
        uses = Counter(key for each in candidates for keys in each for key in keys)
        for position, policy in enumerate(self._policies):
            if policy.mode is Mode.OFF:
                continue
            if not candidates[position]:
                self._unfiltered.append(position)
                continue
            rarest = min(candidates[position], key=lambda keys: sum(uses[each] for each in keys))
            for attribute, key, value in rarest:
                self._postings(attribute, key).setdefault(value, []).append(position)

    def _postings(self, attribute: str, key: str) -> _Postings:
        if key:
            return self._labels.setdefault(attribute, {}).setdefault(key, {})
        return self._values.setdefault(attribute, {})

    def __iter__(self) -> Iterator[Policy]:
        """In order of precedence, including those that are off."""
        return iter(self._policies)

    def matching(self, subject: Subject) -> list[Policy]:
        """The policies that match the Pod and are not off, in order of precedence."""
        positions = set(self._unfiltered)
        for attribute, postings in self._values.items():
            for value in _VALUES[attribute](subject):
                positions.update(postings.get(value, ()))
        for attribute, by_key in self._labels.items():
            of_pod = _LABELS[attribute](subject)
            for key in by_key.keys() & of_pod.keys():
                positions.update(by_key[key].get(of_pod[key] or "", ()))
        return [self._policies[each] for each in sorted(positions) if holds(self._clauses[each], subject)]


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
