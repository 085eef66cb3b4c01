"""Whether a policy matches a Pod: all its clauses must, and not all of those of `exclude`.

`holds` answers yes or no, `first_failure` names the clause that failed and why. Both use CLAUSES.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from webhook.model import quantity
from webhook.model.globs import Glob
from webhook.model.image_platforms import ImagePlatforms, Level, lowest
from webhook.model.images import ImageGlob
from webhook.model.names import WorkloadType
from webhook.model.policy import Match, PlatformRules, Policy
from webhook.model.selectors import Selector
from webhook.model.subject import Subject

Test = Callable[[Any, Subject], str | None]
"""Takes a clause's value; says why it does not match, or None if it does."""


class Unsure(str):
    """Why it is not known whether a clause matches: then the policy does not apply, in `exclude` neither."""

    __slots__ = ()


Clauses = tuple[tuple[Test, Any], ...]
"""The clauses that a policy has: each test with the policy's value."""


class Clause(Struct, frozen=True):
    field: str
    value: Callable[[Policy], Any]
    """None if the policy has no such clause."""
    test: Test


class Failure(Struct, frozen=True):
    """A clause that does not match: its field in the policy, and why."""

    field: str
    why: str


def clauses_of(policy: Policy) -> Clauses:
    """Computed once per policy: a review tests only the clauses that the policy has."""
    values = ((clause.test, clause.value(policy)) for clause in CLAUSES)
    return tuple((test, value) for test, value in values if value is not None)


def holds(clauses: Clauses, subject: Subject) -> bool:
    for test, value in clauses:  # noqa: SIM110 (a generator costs more than most tests)
        if test(value, subject) is not None:
            return False
    return True


def first_failure(policy: Policy, subject: Subject) -> Failure | None:
    for clause in CLAUSES:
        value = clause.value(policy)
        why = None if value is None else clause.test(value, subject)
        if why is not None:
            return Failure(clause.field, why)
    return None


def owner_kinds(subject: Subject) -> tuple[str, ...]:
    """The values of `ownerKinds` that match the Pod."""
    if subject.owner == "ReplicaSet" and "pod-template-hash" in subject.labels:
        return ("Deployment", "ReplicaSet")  # only the Deployment controller writes that label
    return (subject.owner or "Pod",)


def requested_resources(subject: Subject) -> set[str]:
    """The extended resources and huge pages that containers request, more than zero of each.

    Not cpu, memory and ephemeral-storage: policies add requests of these, and a second review would match
    other policies.
    """
    return {
        name
        for container in subject.containers
        for name, raw in container.requests.items()
        if "/" in name or name.startswith("hugepages-")
        if (amount := quantity.read(raw)) and amount.milli > 0
    }


def _namespace(namespace: str, subject: Subject) -> str | None:
    if namespace == subject.namespace.name:
        return None
    return f"the policy is for namespace {namespace}, the Pod is in {subject.namespace.name}"


def _workload_types(types: tuple[WorkloadType, ...], subject: Subject) -> str | None:
    if not set(subject.types).isdisjoint(types):
        return None
    return f"the Pod is {', '.join(subject.types)}, not {' or '.join(types)}"


def _namespace_selector(selector: Selector, subject: Subject) -> str | None:
    unmet = selector.first_unmet(subject.namespace.labels)
    return f"the labels of namespace {subject.namespace.name} do not match {unmet}" if unmet else None


def _pod_selector(selector: Selector, subject: Subject) -> str | None:
    unmet = selector.first_unmet(subject.labels)
    return f"the Pod's labels do not match {unmet}" if unmet else None


def _annotations(annotations: Mapping[str, str], subject: Subject) -> str | None:
    of_pod = subject.metadata.annotations or {}
    for key, value in annotations.items():
        if of_pod.get(key) != value:
            return f"the Pod's annotation {key} is {of_pod.get(key)!r}, not {value!r}"
    return None


def _owner_kinds(kinds: tuple[str, ...], subject: Subject) -> str | None:
    of_pod = owner_kinds(subject)
    if not set(of_pod).isdisjoint(kinds):
        return None
    return f"the Pod's owner kind is {' or '.join(of_pod)}, not {' or '.join(kinds)}"


def _images(patterns: tuple[ImageGlob, ...], subject: Subject) -> str | None:
    repositories = {container.repository for container in subject.containers}
    if any(pattern.matches(each) for pattern in patterns for each in repositories):
        return None
    return f"no container's image matches {' or '.join(map(str, patterns))}"


def _resources(patterns: tuple[Glob, ...], subject: Subject) -> str | None:
    requested = requested_resources(subject)
    if any(pattern.matches(each) for pattern in patterns for each in requested):
        return None
    return f"no container requests {' or '.join(map(str, patterns))}"


def _image_platforms(rules: PlatformRules, subject: Subject) -> str | None:
    images = subject.images
    unsure = None
    for platform in rules.all:
        level = lowest(images.values(), platform)
        if level is Level.NO:
            return _images_text(images, platform, Level.NO)
        if level is Level.UNKNOWN:
            unsure = unsure or Unsure(_images_text(images, platform, Level.UNKNOWN))
    for platform in rules.lacking:
        level = lowest(images.values(), platform)
        if level is Level.UNKNOWN:
            unsure = unsure or Unsure(_images_text(images, platform, Level.UNKNOWN))
        elif level is not Level.NO:
            return f"no image is known to lack {platform}"
    return unsure


def _images_text(images: Mapping[str, ImagePlatforms], platform: str, level: Level) -> str:
    """The images whose level for the platform this is."""
    named = [
        f"{name}{f' ({image.source})' if image.source else ''}"
        for name, image in images.items()
        if image.level(platform) is level
    ]
    what = f"lacks {platform}" if level is Level.NO else f"is not known to have or to lack {platform}"
    more = f", and {len(named) - 1} more" if len(named) > 1 else ""
    return f"image {named[0]} {what}{more}"


NAMESPACE = "metadata.namespace"
# The cheapest and most selective tests first.
_OF_MATCH: tuple[tuple[str, Callable[[Match], Any], Test], ...] = (
    ("workloadTypes", lambda match: match.workload_types, _workload_types),
    ("namespaceSelector", lambda match: match.namespace_selector, _namespace_selector),
    ("podSelector", lambda match: match.pod_selector, _pod_selector),
    ("annotations", lambda match: match.annotations, _annotations),
    ("ownerKinds", lambda match: match.owner_kinds, _owner_kinds),
    ("images", lambda match: match.images, _images),
    ("resources", lambda match: match.resources, _resources),
    ("imagePlatforms", lambda match: match.image_platforms, _image_platforms),
)


class _Exclusion(Struct, frozen=True):
    names: tuple[str, ...]
    """Of the clauses."""
    clauses: Clauses


def _exclusion(policy: Policy) -> _Exclusion | None:
    """None if `exclude` has no clause: it would exclude every Pod."""
    values = [(name, test, value(policy.exclude)) for name, value, test in _OF_MATCH]
    given = [(name, test, value) for name, test, value in values if value is not None]
    if not given:
        return None
    return _Exclusion(tuple(name for name, *_ in given), tuple((test, value) for _, test, value in given))


def _excluded(exclusion: _Exclusion, subject: Subject) -> str | None:
    unsure = None
    for test, value in exclusion.clauses:
        why = test(value, subject)
        if isinstance(why, Unsure):
            unsure = unsure or why
        elif why is not None:
            return None
    return unsure or f"the Pod matches {' and '.join(exclusion.names)}"


def _value_in_match(value: Callable[[Match], Any]) -> Callable[[Policy], Any]:
    return lambda policy: value(policy.match)


CLAUSES = (
    Clause(NAMESPACE, lambda policy: policy.namespace, _namespace),
    *(Clause(f"match.{name}", _value_in_match(value), test) for name, value, test in _OF_MATCH),
    Clause("exclude", _exclusion, _excluded),
)
