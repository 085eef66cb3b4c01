"""Judge one object: `judge(examined, snapshot, enforcement) -> Verdict`. Pure, as the engine is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from webhook.audit.admission import Plugins
from webhook.audit.diff import diff_of
from webhook.audit.enforcement import Enforcement
from webhook.audit.findings import WORST_FIRST, Finding, Item, Ref, Verdict
from webhook.audit.need import milli, need
from webhook.engine.admitted_view import Manifest
from webhook.engine.evaluate import Decision, evaluate
from webhook.engine.qos import Sides, sized
from webhook.engine.snapshot import Request, Snapshot
from webhook.model.draft import Change
from webhook.model.pod import PodView, ResourceList
from webhook.model.subject import Subject, subject_of

Sizes = Mapping[str, Sides]
"""By container: requests and limits."""


class Examined(Struct, frozen=True):
    """A Pod, or the template of a controller."""

    ref: Ref
    owner: Ref
    """Whom it is counted to: for a template and for a bare Pod itself."""
    admitted: PodView
    """As webhooks see it when it is created."""
    written: PodView
    """As it stands in its object."""
    created: str = ""
    """RFC 3339; empty for a template."""
    expected: Sizes | None = None
    """Of a Pod: what its template and the policies come to. None: no template is known."""
    overhead: ResourceList = {}
    node: str = ""
    """Where the Pod is."""
    replicas: int = 1
    """How many Pods a template is for."""


def template_of(obj: dict[str, Any], manifest: Manifest, ref: Ref, plugins: Plugins) -> Examined:
    """The Pods that an object makes in its namespace, as many as it says that it makes."""
    template: Any = obj
    for step in manifest.at:
        template = template[step]
    runtime_class = plugins.runtime_class((template.get("spec") or {}).get("runtimeClassName"))
    spec = obj.get("spec") or {}
    replicas = spec.get("replicas", spec.get("parallelism"))
    return Examined(
        ref,
        ref,
        plugins.admitted(manifest.admitted, ref.namespace, runtime_class),
        manifest.template,
        overhead=runtime_class.overhead,
        replicas=replicas if isinstance(replicas, int) else 1,
    )


def judge(
    examined: Examined, snapshot: Snapshot, enforcement: Enforcement, *, with_diff: bool = False
) -> Verdict:
    request = Request(examined.ref.namespace, examined.admitted)
    decision = evaluate(request, snapshot)
    namespace = snapshot.namespace(request.namespace)
    subject = subject_of(request.pod, namespace, snapshot.accelerators)
    skipped = decision.left_alone or enforcement.spares(namespace, subject.labels)
    outcome = decision.audit or decision.outcome
    if not skipped and not outcome.heard:
        skipped = "no-policy: none matches"
    writes = () if skipped or decision.denied else outcome.writes
    if skipped:
        items = [Item(Finding.SKIPPED, why=skipped)]
    else:
        items = [*_found(decision, examined, enforcement), *_drift(examined, subject)]
        items.sort(key=lambda item: WORST_FIRST.index(item.finding))
    return Verdict(
        tuple(items) or (Item(Finding.PASS),),
        outcome.types,
        outcome.qos if writes else None,
        need(subject, (), examined.overhead),
        need(subject, writes, examined.overhead),
        diff_of(examined.written, outcome) if with_diff and writes else "",
    )


def expected(examined: Examined, snapshot: Snapshot) -> Sizes:
    """What the containers of a template's Pods have once they are tailored."""
    decision = evaluate(Request(examined.ref.namespace, examined.admitted), snapshot)
    namespace = snapshot.namespace(examined.ref.namespace)
    subject = subject_of(examined.admitted, namespace, snapshot.accelerators)
    sides = sized(subject, decision.outcome.writes)
    return {each.name: sides[each.path] for each in subject.containers}


def _found(decision: Decision, examined: Examined, enforcement: Enforcement) -> Iterator[Item]:
    outcome = decision.audit or decision.outcome
    tried = decision.audit.violations if decision.audit else ()
    for each in (*decision.outcome.violations, *(one for one in tried if one.policy in decision.audited)):
        refuses = each.policy.resources is not None and each.policy.resources.deny
        why = f"{each.message}; such Pods are refused" if refuses else each.message
        yield Item(Finding.VIOLATION, each.policy.key, each.where, why=why)
    for conflict in outcome.conflicts:
        why = f"{conflict.winner.key} is heard first"
        yield Item(Finding.CONFLICT, conflict.policy.key, conflict.field, why=why)
    if not decision.denied:
        yield from _changes(decision, examined, enforcement)


def _changes(decision: Decision, examined: Examined, enforcement: Enforcement) -> Iterator[Item]:
    for change in decision.outcome.changes:
        begins = enforcement.begins(change.policy, examined.ref.namespace)
        if begins is None:
            yield _item(Finding.WOULD_CHANGE, change)
        elif not examined.created:  # that is what its next Pod is given
            yield _item(Finding.PASS, change, in_force=True)
        else:
            came_before = examined.created <= begins
            finding = Finding.WOULD_CHANGE if came_before else Finding.SLIPPED_THROUGH
            yield _item(finding, change, in_force=True)
    for change in decision.would_change:
        yield _item(Finding.WOULD_CHANGE, change)


def _item(finding: Finding, change: Change, *, in_force: bool = False) -> Item:
    return Item(finding, change.policy.key, change.field, after=change.value, in_force=in_force)


def _drift(examined: Examined, subject: Subject) -> Iterator[Item]:
    """What a Pod has, and its template with the policies would not have given it."""
    for container in subject.containers:
        wanted = (examined.expected or {}).get(container.name)
        if wanted is None:  # somebody else has added it
            continue
        there: Sides = (container.requests, container.limits)
        for side, has, should in zip(("requests", "limits"), there, wanted, strict=True):
            for resource, value in has.items():
                if resource not in should or milli(value) != milli(should[resource]):
                    yield Item(
                        Finding.DRIFTED,
                        field=f"{container.name}:{side}.{resource}",
                        before=should.get(resource),
                        after=value,
                        why="its template and the policies come to another value",
                    )
