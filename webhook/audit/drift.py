"""What a live Pod has that neither its template nor the policies gave it: somebody resized it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from webhook.audit.enforcement import Enforcement
from webhook.audit.findings import Finding, Item
from webhook.engine.evaluate import evaluate
from webhook.engine.snapshot import Request, Snapshot
from webhook.model.draft import Change
from webhook.model.names import APPLIED
from webhook.model.patch import Path
from webhook.model.pod import PodView, RawQuantity
from webhook.model.pod_resources import RequestsAndLimits
from webhook.model.quantity import milli
from webhook.model.subject import Subject
from webhook.workloads.builtin_plugins import LIMIT_RANGER
from webhook.workloads.workload import Expected


def expected(namespace: str, written: PodView, admitted: PodView, snapshot: Snapshot) -> Expected:
    """Of a template, as it stands in its object and as webhooks see its Pods."""
    own = _sides(snapshot.subject(Request(namespace, written)))
    seen = _sides(snapshot.subject(Request(namespace, admitted)))
    changes = evaluate(Request(namespace, admitted), snapshot).outcome.changes
    return Expected(
        own, {change.field: change for change in changes}, frozenset(_fields(seen)) - frozenset(_fields(own))
    )


class Differing(Struct, frozen=True):
    """A value of a Pod that is not as expected, and where it stands."""

    item: Item
    path: Path


def drift(subject: Subject, wanted: Expected, enforcement: Enforcement, created: str) -> Iterator[Differing]:
    """The values of a Pod, created at that time, that differ from what is expected of it.

    Where the policy has changed since, or is only tried, a new Pod would have another: that is no drift.
    """
    for container in subject.containers:
        if container.name not in wanted.declared:  # somebody else has added it
            continue
        existing = RequestsAndLimits(container.requests, container.limits)
        for side, has, own in zip(
            ("requests", "limits"), existing, wanted.declared[container.name], strict=True
        ):
            for resource, value in has.items():
                field = f"{container.name}:{side}.{resource}"
                if resource in own:
                    why = "its template says otherwise"
                    item = Item(Finding.DRIFTED, "", field, value, own[resource], why)
                else:
                    # A limit that we give without a request is the request too.
                    change = wanted.assigned.get(field) or wanted.assigned.get(
                        f"{container.name}:limits.{resource}"
                    )
                    since = (
                        enforcement.in_force_since(change.policy, subject.namespace.name) if change else None
                    )
                    item = _given(field, value, change, since, created)
                    if change is None and _may_be_older(field, wanted, subject):
                        continue
                if item.after is None or milli(value) != milli(item.after):
                    yield Differing(item, (*container.path, "resources", side, resource))


def _given(field: str, value: RawQuantity, change: Change | None, since: str | None, created: str) -> Item:
    """Of a value that is not the template's own, and what a policy gives there now."""
    if change is None:
        return Item(Finding.DRIFTED, "", field, value, why="neither its template nor a policy says so")
    changed_since = since is None or created <= since
    finding = Finding.WOULD_CHANGE if changed_since else Finding.DRIFTED
    why = "the policy says otherwise now" if changed_since else "the policy says otherwise"
    in_force = changed_since and since is not None
    return Item(finding, change.policy.key, field, value, change.value, why, in_force)


def _may_be_older(field: str, wanted: Expected, subject: Subject) -> bool:
    """Whether an earlier policy, or an earlier LimitRange, may have given this value."""
    annotations = subject.metadata.annotations or {}
    mark = annotations.get(APPLIED) or ""
    return field in wanted.defaulted or f'"{field}"' in mark or LIMIT_RANGER in annotations


def _sides(subject: Subject) -> dict[str, RequestsAndLimits]:
    return {each.name: RequestsAndLimits(each.requests, each.limits) for each in subject.containers}


def _fields(sides: Mapping[str, RequestsAndLimits]) -> Iterator[str]:
    for name, (requests, limits) in sides.items():
        yield from (f"{name}:requests.{resource}" for resource in requests)
        yield from (f"{name}:limits.{resource}" for resource in limits)
