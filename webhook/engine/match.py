"""Which policies are for a Pod: clause after clause, all must hold.

`matches` answers yes or no, `first_failure` says which clause failed and why; both walk the same list.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from webhook.model.policy import Policy
from webhook.model.subject import Subject

# Says why a clause does not hold; None where it does, or where the policy has no such clause.
Test = Callable[[Policy, Subject], str | None]


class Clause(Struct, frozen=True):
    field: str
    test: Test


class Failure(Struct, frozen=True):
    """The first clause that did not hold: the policy's field, and why in words."""

    field: str
    why: str


def matches(policy: Policy, subject: Subject) -> bool:
    return all(clause.test(policy, subject) is None for clause in CLAUSES)


def first_failure(policy: Policy, subject: Subject) -> Failure | None:
    for clause in CLAUSES:
        why = clause.test(policy, subject)
        if why is not None:
            return Failure(clause.field, why)
    return None


def _namespace(policy: Policy, subject: Subject) -> str | None:
    if policy.namespace is None or policy.namespace == subject.namespace.name:
        return None
    return f"it is for namespace {policy.namespace}, the Pod is in {subject.namespace.name}"


def _workload_types(policy: Policy, subject: Subject) -> str | None:
    wanted = policy.match.workload_types
    if wanted is None or any(workload_type in wanted for workload_type in subject.types):
        return None
    return f"the Pod is {', '.join(subject.types)}, not {' or '.join(wanted)}"


def _namespace_selector(policy: Policy, subject: Subject) -> str | None:
    selector = policy.match.namespace_selector
    unmet = selector and selector.first_unmet(subject.namespace.labels)
    return f"the labels of namespace {subject.namespace.name} do not fit {unmet}" if unmet else None


def _pod_selector(policy: Policy, subject: Subject) -> str | None:
    selector = policy.match.pod_selector
    unmet = selector and selector.first_unmet(subject.labels)
    return f"the Pod's labels do not fit {unmet}" if unmet else None


def _annotations(policy: Policy, subject: Subject) -> str | None:
    there = subject.metadata.annotations or {}
    for key, value in (policy.match.annotations or {}).items():
        if there.get(key) != value:
            return f"the Pod's annotation {key} is {there.get(key)!r}, not {value!r}"
    return None


def _owner_kinds(policy: Policy, subject: Subject) -> str | None:
    wanted = policy.match.owner_kinds
    if wanted is None:
        return None
    kinds = {subject.owner or "Pod"}
    if subject.owner == "ReplicaSet" and "pod-template-hash" in subject.labels:
        kinds.add("Deployment")  # the label that the Deployment controller alone writes
    if kinds.intersection(wanted):
        return None
    return f"the Pod comes from a {' or '.join(sorted(kinds))}, not a {' or '.join(wanted)}"


def _images(policy: Policy, subject: Subject) -> str | None:
    wanted = policy.match.images
    if wanted is None:
        return None
    repositories = {container.repository for container in subject.containers}
    if any(pattern.matches(each) for pattern in wanted for each in repositories):
        return None
    return f"no container's image is one of {', '.join(str(pattern) for pattern in wanted)}"


NAMESPACE = "metadata.namespace"
# Cheapest and most telling first.
CLAUSES = (
    Clause(NAMESPACE, _namespace),
    Clause("match.workloadTypes", _workload_types),
    Clause("match.namespaceSelector", _namespace_selector),
    Clause("match.podSelector", _pod_selector),
    Clause("match.annotations", _annotations),
    Clause("match.ownerKinds", _owner_kinds),
    Clause("match.images", _images),
)
