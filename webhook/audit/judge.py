"""Judge one object: `judge(workload, snapshot, enforcement) -> Verdict`. Pure, like the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from msgspec import structs

from webhook.audit.demand import demand
from webhook.audit.diff import diff_of
from webhook.audit.drift import Difference, drift
from webhook.audit.enforcement import EXPORTING, Enforcement, Tailor
from webhook.audit.findings import Finding, Item, Verdict, not_judged, worst_first
from webhook.engine.evaluate import Decision, evaluate
from webhook.engine.snapshot import Request, Snapshot
from webhook.model.draft import Change, Conflict, Violation
from webhook.model.names import APPLIED, MODE, QOS_RESOURCES, Mode
from webhook.model.notice import Notice
from webhook.model.patch import Path, Write
from webhook.model.place import Place
from webhook.model.pod import NO_METADATA
from webhook.model.pod_resources import SIDES
from webhook.model.policy import SHIPPED, Policy
from webhook.model.subject import Subject
from webhook.model.text import value_text
from webhook.workloads.workload import Workload


def judge(
    workload: Workload,
    snapshot: Snapshot,
    enforcement: Enforcement,
    *,
    more: Sequence[Item] = (),
    with_diff: bool = False,
) -> Verdict:
    """`more`: what usage says about its requests and limits, and what is known of its images."""
    if workload.problem:
        return not_judged(workload.problem)
    request = Request(workload.ref.namespace, workload.admitted)
    decision = evaluate(request, snapshot)
    subject = decision.subject or snapshot.subject(request)
    outcome = decision.audit or decision.outcome
    writes: tuple[Write, ...] = ()
    skipped = _skipped(decision, enforcement.excludes(subject.namespace, subject.labels))
    if skipped:
        items = [Item(Finding.SKIPPED, why=str(skipped))]
    else:
        resized = _resized(subject, workload, enforcement)
        items = _items(decision, workload, enforcement)
        items += [each.item for each in resized]
        if workload.place_of:
            paths = {change.field: change.path for change in outcome.changes}
            items = [*_located(items, workload.place_of, subject, paths)]
        writes = () if decision.denied else outcome.writes
        # A new Pod would have the policy's value, not the one that this Pod was resized to.
        for each in resized:
            if each.item.finding is Finding.WOULD_CHANGE:
                writes += (Write(each.path, each.item.after),)
    if more:
        place_of = workload.place_of
        items += _located(more, place_of, subject, _fields(subject)) if place_of else more
    enforced_qos = decision.outcome.qos
    before = demand(subject, (), workload.overhead)
    return Verdict(
        items=tuple(worst_first(items)) or (Item(Finding.PASS),),
        types=outcome.types,
        qos=(enforced_qos if outcome is decision.outcome else outcome.qos) if writes else None,
        enforced_qos=enforced_qos,
        before=before,
        after=demand(subject, writes, workload.overhead) if writes else before,
        denied=decision.denied or "",
        diff=diff_of(workload.written, outcome) if with_diff and writes else "",
        skipped=skipped,
        tailor=_tailor(decision, subject, enforcement),
    )


def _tailor(decision: Decision, subject: Subject, enforcement: Enforcement) -> Tailor | None:
    tailor = enforcement.tailor(subject.namespace, subject.labels)
    if tailor is None or (decision.mode is Mode.ENFORCE and not decision.exemption):
        return tailor
    # An exported policy knows the mode of a namespace's label, and not that of the server.
    goes_by_server = not decision.exemption and MODE not in subject.namespace.labels
    return Tailor.EXPORTED if goes_by_server and tailor in EXPORTING else Tailor.NOBODY


def _skipped(decision: Decision, excluded: Notice | None) -> Notice | None:
    """Why no policy is applied; None if one is."""
    if decision.exemption or excluded:
        return decision.exemption or excluded
    matched = decision.enforced or decision.audited
    return None if matched else Notice("no-policy", "none matches")


def _items(decision: Decision, workload: Workload, enforcement: Enforcement) -> list[Item]:
    items = [*map(_violation, decision.violations)]
    # Built-in policies and presets are meant to be overridden: that is no conflict.
    conflicts = (decision.audit or decision.outcome).conflicts
    items += [_conflict(each) for each in conflicts if each.policy.origin not in SHIPPED]
    if not decision.denied:
        items += _changes(decision, workload, enforcement)
    return items


def _located(
    items: Iterable[Item], place_of: Callable[[Path], Place], subject: Subject, paths: Mapping[str, Path]
) -> Iterator[Item]:
    """With the line and column of what each item of a manifest is about. `paths`: by field."""
    paths = {**paths, **{f"{each.name}:": each.path for each in subject.containers}}
    for item in items:
        container = f"{item.field.partition(':')[0]}:"
        place = place_of(paths.get(item.field) or paths.get(container, ("spec",)))
        yield structs.replace(item, line=place.line, column=place.column)


def _fields(subject: Subject) -> dict[str, Path]:
    """The paths of the images, requests and limits of its containers."""
    images: dict[str, Path] = {f"{each.name}:image": (*each.path, "image") for each in subject.containers}
    return images | {
        f"{each.name}:{side}.{resource}": (*each.path, "resources", side, resource)
        for each in subject.containers
        for side in SIDES
        for resource in QOS_RESOURCES
    }


def _violation(violation: Violation) -> Item:
    policy = violation.policy
    refuses = policy.resources is not None and policy.resources.deny
    why = f"{violation.message}; such Pods are refused" if refuses else violation.message
    return Item(Finding.VIOLATION, policy.key, violation.container or "pod", why=why)


def _conflict(conflict: Conflict) -> Item:
    policy, winner = conflict.policy.key, conflict.winner.key
    value, winning_value = conflict.value, conflict.winning_value
    why = f"{winner} ({value_text(winning_value)}) takes precedence over {policy} ({value_text(value)})"
    return Item(
        Finding.CONFLICT,
        policy,
        conflict.field,
        why=why,
        value=value,
        winner=winner,
        winning_value=winning_value,
    )


def _changes(decision: Decision, workload: Workload, enforcement: Enforcement) -> list[Item]:
    items = []
    known: dict[int, tuple[str, str | None]] = {}
    """Key and time of each policy, asked for once. By its id: to hash a policy is to hash all of it."""
    for change in decision.outcome.changes:
        policy = change.policy
        if id(policy) not in known:
            known[id(policy)] = policy.key, enforcement.in_force_since(policy, workload.ref.namespace)
        key, since = known[id(policy)]
        finding = Finding.WOULD_CHANGE
        if since is not None:
            if not workload.is_live:  # admission adds it to the Pods of a template
                finding = Finding.PASS
            elif slipped_through(workload, change, enforcement, since):
                finding = Finding.SLIPPED_THROUGH
        items.append(Item(finding, key, change.field, after=change.value, in_force=since is not None))
    return items + [
        Item(Finding.WOULD_CHANGE, each.policy.key, each.field, after=each.value)
        for each in decision.would_change
    ]


def _resized(subject: Subject, workload: Workload, enforcement: Enforcement) -> list[Difference]:
    if workload.expected is None:
        return []
    return list(drift(subject, workload.expected, enforcement, workload.created, workload.resized_by))


def slipped_through(workload: Workload, change: Change, enforcement: Enforcement, since: str) -> bool:
    """Whether it is proved that the change was in force when the Pod was created."""
    if workload.created <= since or may_have_matched_differently(workload, change.policy):
        return False
    return bool(evidence(workload, change, enforcement))


def evidence(workload: Workload, change: Change, enforcement: Enforcement) -> str:
    """What shows that the change was in force when the Pod was created; empty if nothing does."""
    return enforcement.evidence(
        change.policy, change.field, workload.ref.namespace, workload.created, workload.revision
    )


def may_have_matched_differently(workload: Workload, policy: Policy) -> bool:
    """Whether podtailor reviewed the Pod, or metadata that the policy matches was written after creation."""
    annotations = (workload.written.metadata or NO_METADATA).annotations or {}
    return (
        APPLIED in annotations
        or "podtailor.dev" in workload.touched
        or any(
            each.image_platforms is not None  # more may be known by now
            or (each.pod_selector is not None and "labels" in workload.touched)
            or (each.annotations is not None and "annotations" in workload.touched)
            for each in (policy.match, policy.exclude)
        )
    )
