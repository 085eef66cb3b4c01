"""Which policies are for a Pod: clause after clause, all must hold.

`holds` answers yes or no, `first_failure` says which clause failed and why; both walk the same list.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from webhook.model.images import ImageGlob
from webhook.model.names import WorkloadType
from webhook.model.policy import Policy
from webhook.model.selectors import Selector
from webhook.model.subject import Subject

# Why a value does not match; None if it does.
Test = Callable[[Any, Subject], str | None]
Clauses = tuple[tuple[Test, Any], ...]
"""The clauses that a policy has: each test with the value that the policy gives."""


class Clause(Struct, frozen=True):
    field: str
    value: Callable[[Policy], Any]
    """None: the policy has no such clause."""
    test: Test


class Failure(Struct, frozen=True):
    """The first clause that did not hold: the policy's field, and why in words."""

    field: str
    why: str


def clauses_of(policy: Policy) -> Clauses:
    """Worked out once, when a policy is read: a review asks only what the policy asks."""
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
    """What `ownerKinds` may call the Pod's owner."""
    if subject.owner == "ReplicaSet" and "pod-template-hash" in subject.labels:
        return ("Deployment", "ReplicaSet")  # the label that the Deployment controller alone writes
    return (subject.owner or "Pod",)


def _namespace(wanted: str, subject: Subject) -> str | None:
    if wanted == subject.namespace.name:
        return None
    return f"it is for namespace {wanted}, the Pod is in {subject.namespace.name}"


def _workload_types(wanted: tuple[WorkloadType, ...], subject: Subject) -> str | None:
    if not set(subject.types).isdisjoint(wanted):
        return None
    return f"the Pod is {', '.join(subject.types)}, not {' or '.join(wanted)}"


def _namespace_selector(selector: Selector, subject: Subject) -> str | None:
    unmet = selector.first_unmet(subject.namespace.labels)
    return f"the labels of namespace {subject.namespace.name} do not fit {unmet}" if unmet else None


def _pod_selector(selector: Selector, subject: Subject) -> str | None:
    unmet = selector.first_unmet(subject.labels)
    return f"the Pod's labels do not fit {unmet}" if unmet else None


def _annotations(wanted: Mapping[str, str], subject: Subject) -> str | None:
    there = subject.metadata.annotations or {}
    for key, value in wanted.items():
        if there.get(key) != value:
            return f"the Pod's annotation {key} is {there.get(key)!r}, not {value!r}"
    return None


def _owner_kinds(wanted: tuple[str, ...], subject: Subject) -> str | None:
    kinds = owner_kinds(subject)
    if not set(kinds).isdisjoint(wanted):
        return None
    return f"the Pod comes from a {' or '.join(kinds)}, not a {' or '.join(wanted)}"


def _images(wanted: tuple[ImageGlob, ...], subject: Subject) -> str | None:
    repositories = {container.repository for container in subject.containers}
    if any(pattern.matches(each) for pattern in wanted for each in repositories):
        return None
    return f"no container's image is one of {', '.join(str(pattern) for pattern in wanted)}"


NAMESPACE = "metadata.namespace"
# Cheapest and most telling first.
CLAUSES = (
    Clause(NAMESPACE, lambda policy: policy.namespace, _namespace),
    Clause("match.workloadTypes", lambda policy: policy.match.workload_types, _workload_types),
    Clause("match.namespaceSelector", lambda policy: policy.match.namespace_selector, _namespace_selector),
    Clause("match.podSelector", lambda policy: policy.match.pod_selector, _pod_selector),
    Clause("match.annotations", lambda policy: policy.match.annotations, _annotations),
    Clause("match.ownerKinds", lambda policy: policy.match.owner_kinds, _owner_kinds),
    Clause("match.images", lambda policy: policy.match.images, _images),
)
