"""Resources of a live Pod that neither its template nor the policies set: it was resized."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct, structs

from webhook.audit.enforcement import Enforcement
from webhook.audit.findings import Finding, Item
from webhook.engine.evaluate import evaluate
from webhook.engine.snapshot import Request, Snapshot
from webhook.model.draft import Change
from webhook.model.names import APPLIED, LIMIT_RANGER
from webhook.model.patch import Path
from webhook.model.pod import PodView, RawQuantity
from webhook.model.pod_resources import RequestsAndLimits
from webhook.model.quantity import milli
from webhook.model.subject import Subject
from webhook.workloads.workload import Expected


def expected_of_template(namespace: str, written: PodView, admitted: PodView, snapshot: Snapshot) -> Expected:
    """From a template as stored in its object, and as webhooks see its Pods."""
    declared = _resources(snapshot.subject(Request(namespace, written)))
    with_defaults = _resources(snapshot.subject(Request(namespace, admitted)))
    changes = evaluate(Request(namespace, admitted), snapshot).outcome.changes
    return Expected(
        declared=declared,
        assigned={change.field: change for change in changes},
        defaulted=frozenset(_fields(with_defaults)) - frozenset(_fields(declared)),
    )


class Difference(Struct, frozen=True):
    """A value of a Pod that is not as expected, and its path."""

    item: Item
    path: Path


def drift(
    subject: Subject, expected: Expected, enforcement: Enforcement, created: str, resized_by: str = ""
) -> Iterator[Difference]:
    """The values of a Pod, created at that time, that differ from the expected ones.

    `resized_by` says who has resized it, and when. If the policy has changed since, or is
    only tried, the finding is that a new Pod would be different.
    """
    for container in subject.containers:
        declared = expected.declared.get(container.name)
        if declared is None:  # the template does not have it: another webhook added it
            continue
        for side, values, declared_values in (
            ("requests", container.requests, declared.requests),
            ("limits", container.limits, declared.limits),
        ):
            for resource, value in values.items():
                field = f"{container.name}:{side}.{resource}"
                if resource in declared_values:
                    item = Item(
                        Finding.DRIFTED,
                        field=field,
                        before=value,
                        after=declared_values[resource],
                        why="its template sets another value",
                    )
                else:
                    # A limit that a policy sets is the request too, if neither it nor a LimitRange sets that.
                    limit = "" if field in expected.defaulted else f"{container.name}:limits.{resource}"
                    change = expected.assigned.get(field) or expected.assigned.get(limit)
                    if change is None and _may_be_older(field, expected, subject):
                        continue
                    namespace = subject.namespace.name
                    since = enforcement.in_force_since(change.policy, namespace) if change else None
                    item = _not_declared(field, value, change, since, created)
                if item.finding is Finding.DRIFTED:
                    by = f" by {resized_by}" if resized_by else ""
                    item = structs.replace(item, why=f"{item.why}, so it has been resized{by}")
                if item.after is None or milli(value) != milli(item.after):
                    yield Difference(item, (*container.path, "resources", side, resource))


def _not_declared(
    field: str, value: RawQuantity, change: Change | None, since: str | None, created: str
) -> Item:
    """For a value that is not in the template; a policy makes this change now, and has `since` then."""
    if change is None:
        why = "neither its template nor a policy sets it"
        return Item(Finding.DRIFTED, field=field, before=value, why=why)
    has_drifted = since is not None and created > since
    return Item(
        Finding.DRIFTED if has_drifted else Finding.WOULD_CHANGE,
        policy=change.policy.key,
        field=field,
        before=value,
        after=change.value,
        why="the policy sets another value" if has_drifted else "the policy sets another value now",
        in_force=since is not None and not has_drifted,
    )


def _may_be_older(field: str, expected: Expected, subject: Subject) -> bool:
    """Whether an earlier policy, or an earlier LimitRange, may have set the field."""
    annotations = subject.metadata.annotations or {}
    applied = annotations.get(APPLIED) or ""
    return field in expected.defaulted or f'"{field}"' in applied or LIMIT_RANGER in annotations


def _resources(subject: Subject) -> dict[str, RequestsAndLimits]:
    return {each.name: RequestsAndLimits(each.requests, each.limits) for each in subject.containers}


def _fields(resources: Mapping[str, RequestsAndLimits]) -> Iterator[str]:
    for name, each in resources.items():
        yield from (f"{name}:requests.{resource}" for resource in each.requests)
        yield from (f"{name}:limits.{resource}" for resource in each.limits)
