"""Judge one object: `judge(workload, snapshot, enforcement) -> Verdict`. Pure, as the engine is."""

from __future__ import annotations

from collections.abc import Iterator

from webhook.audit.demand import demand
from webhook.audit.diff import diff_of
from webhook.audit.drift import drift
from webhook.audit.enforcement import Enforcement
from webhook.audit.findings import WORST_FIRST, Finding, Item, Verdict, not_judged
from webhook.engine.evaluate import Decision, evaluate
from webhook.engine.snapshot import Request, Snapshot
from webhook.model.draft import Change
from webhook.model.names import APPLIED
from webhook.model.notice import Notice
from webhook.model.patch import Write
from webhook.model.pod import NO_METADATA
from webhook.model.policy import SHIPPED, Policy
from webhook.workloads.workload import Workload


def judge(
    workload: Workload, snapshot: Snapshot, enforcement: Enforcement, *, with_diff: bool = False
) -> Verdict:
    if workload.problem:
        return not_judged(workload.problem)
    request = Request(workload.ref.namespace, workload.admitted)
    decision = evaluate(request, snapshot)
    subject = snapshot.subject(request)
    skipped = decision.exemption or enforcement.excludes(subject.namespace, subject.labels)
    outcome = decision.audit or decision.outcome
    if not skipped and not outcome.matched:
        skipped = Notice("no-policy", "none matches")
    writes: tuple[Write, ...] = () if skipped or decision.denied else outcome.writes
    if skipped:
        items = [Item(Finding.SKIPPED, why=str(skipped))]
    else:
        items = list(_found(decision, workload, enforcement))
        if workload.expected:
            differing = list(drift(subject, workload.expected, enforcement, workload.created))
            items += (each.item for each in differing)
            anew = [each for each in differing if each.item.finding is Finding.WOULD_CHANGE]
            writes = (*writes, *(Write(each.path, each.item.after) for each in anew))
        items.sort(key=lambda item: WORST_FIRST.index(item.finding))
    in_force = decision.outcome.qos
    now = demand(subject, (), workload.overhead)
    return Verdict(
        tuple(items) or (Item(Finding.PASS),),
        outcome.types,
        (in_force if outcome is decision.outcome else outcome.qos) if writes else None,
        in_force,
        now,
        demand(subject, writes, workload.overhead) if writes else now,
        decision.denied or "",
        diff_of(workload.written, outcome) if with_diff and writes else "",
        skipped,
    )


def _found(decision: Decision, workload: Workload, enforcement: Enforcement) -> Iterator[Item]:
    outcome = decision.audit or decision.outcome
    for each in decision.violations:
        refuses = each.policy.resources is not None and each.policy.resources.deny
        why = f"{each.message}; such Pods are refused" if refuses else each.message
        yield Item(Finding.VIOLATION, each.policy.key, each.container or "pod", why=why)
    for conflict in outcome.conflicts:
        if conflict.policy.origin in SHIPPED:  # to be overruled is what those are for
            continue
        why = f"{conflict.winner.key}, which is heard first, wishes another value"
        yield Item(Finding.CONFLICT, conflict.policy.key, conflict.field, why=why)
    if not decision.denied:
        yield from _changes(decision, workload, enforcement)


def _changes(decision: Decision, workload: Workload, enforcement: Enforcement) -> Iterator[Item]:
    for change in decision.outcome.changes:
        since = enforcement.in_force_since(change.policy, workload.ref.namespace)
        if since is None:
            yield _item(Finding.WOULD_CHANGE, change)
        elif not workload.created:  # that is what its next Pod is given
            yield _item(Finding.PASS, change, in_force=True)
        else:
            slipped = slipped_through(workload, change, enforcement, since)
            yield _item(Finding.SLIPPED_THROUGH if slipped else Finding.WOULD_CHANGE, change, in_force=True)
    for change in decision.would_change:
        yield _item(Finding.WOULD_CHANGE, change)


def slipped_through(workload: Workload, change: Change, enforcement: Enforcement, since: str) -> bool:
    """Whether the Pod was created while this was in force, as far as that can be proved."""
    if workload.created <= since or may_have_matched_differently(workload, change.policy):
        return False
    return bool(evidence(workload, change, enforcement))


def evidence(workload: Workload, change: Change, enforcement: Enforcement) -> str:
    """What shows that this was in force when the Pod was created; empty: nothing does."""
    return enforcement.evidence(
        change.policy, change.field, workload.ref.namespace, workload.created, workload.revision
    )


def _item(finding: Finding, change: Change, *, in_force: bool = False) -> Item:
    return Item(finding, change.policy.key, change.field, after=change.value, in_force=in_force)


def may_have_matched_differently(workload: Workload, policy: Policy) -> bool:
    """Whether the Pod may have been another to this policy when it was created, or has been here before."""
    annotations = (workload.written.metadata or NO_METADATA).annotations or {}
    return (
        APPLIED in annotations
        or "podtailor.dev" in workload.touched
        or (policy.match.pod_selector is not None and "labels" in workload.touched)
        or (policy.match.annotations is not None and "annotations" in workload.touched)
    )
