"""Why a live Pod differs from a new one, as far as that can be known afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec import Struct

from certs.inspect import trust_problem
from webhook.audit.cluster.installation import Installation
from webhook.audit.enforcement import EXPORTING, Enforcement, Tailor
from webhook.audit.findings import Finding, Item, Verdict
from webhook.audit.judge import evidence, may_have_matched_differently
from webhook.engine.explain import Explanation
from webhook.model.draft import Change, Reason
from webhook.model.names import APPLIED, CONFIGURATION, Mode
from webhook.model.pod import NO_METADATA
from webhook.model.policy import Policy
from webhook.model.subject import Namespace, labels_of
from webhook.workloads.workload import Workload

FAIL_OPEN = 'apiserver_admission_webhook_fail_open_count{name="pods.podtailor.dev"}'
FAILED_CHECKS = 'apiserver_mutating_admission_policy_check_total{error_type!="no_error"}'


class ClusterContext(Struct, frozen=True, kw_only=True):
    """What a diagnosis needs besides the Pod."""

    namespace: Namespace
    installed: Installation
    enforcement: Enforcement
    served: bytes | None
    """The webhook's certificate, PEM; None if it cannot be read."""
    now: datetime


def diagnose(
    workload: Workload, explanation: Explanation, verdict: Verdict, context: ClusterContext
) -> list[str]:
    """Reasons in words, starting with those that concern all Pods. `verdict` is the audit's."""
    reasons = _reasons(workload, explanation, verdict, context)
    problems = webhook_problems(context.installed, context.served, context.now)
    return [*problems, *_tailors(verdict), *reasons]


def webhook_problems(installed: Installation, served: bytes | None, now: datetime) -> list[str]:
    """Why the API server cannot call the webhook now; empty if no reason is known."""
    if not installed.webhook_is_known:
        return []
    if installed.webhook is None and any(each.is_bound for each in installed.exported):
        return []
    if installed.webhook is None:
        missing = f"there is no MutatingWebhookConfiguration {CONFIGURATION}"
        return [f"the API server does not call podtailor now: {missing}"]
    if not installed.bundle:
        return ["the API server cannot call podtailor now: the webhook configuration has no caBundle"]
    problem = trust_problem(served, installed.bundle, now) if served is not None else None
    return [f"the API server cannot call podtailor now: its certificate {problem}"] if problem else []


def _tailors(verdict: Verdict) -> Iterator[str]:
    """Only where there is more to say than that the webhook does it."""
    if verdict.tailor in EXPORTING:
        with_webhook = ", and then by the webhook" if verdict.tailor is Tailor.BOTH else ""
        yield f"new Pods are tailored by the API server, with an exported policy{with_webhook}"


def _reasons(
    workload: Workload, explanation: Explanation, verdict: Verdict, context: ClusterContext
) -> Iterator[str]:
    decision = explanation.decision
    metadata = workload.written.metadata or NO_METADATA
    applied = (metadata.annotations or {}).get(APPLIED)
    if applied:
        yield f"the Pod's annotation says podtailor set {applied}"
    if decision.exemption:
        yield f"exempt: {decision.exemption}"
        return
    excluded = context.enforcement.excludes(context.namespace, labels_of(metadata))
    if excluded:
        yield str(excluded)
        return
    if decision.mode is Mode.AUDIT:
        yield "mode: Audit, so changes are only reported"
        return
    if not decision.enforced:
        yield "no enforced policy matches; the list below gives the reasons"
        return
    differing = [item for item in verdict.items if item.before is not None]
    for item in differing:
        yield f"{item.field} is {item.before}; {_expected(item)}"
    changes = decision.outcome.changes
    if not changes and not differing:
        yield "a new Pod would be the same" if applied else _nothing_to_add(explanation)
    for policy in {change.policy.key: change.policy for change in changes}.values():
        missing = [change for change in changes if change.policy is policy]
        fields = ", ".join(change.field for change in missing)
        why = _why_missing(workload, policy, missing, context.enforcement, verdict.tailor)
        yield f"it lacks {fields} from policy {policy.key}: {why}"


def _expected(item: Item) -> str:
    if item.finding is Finding.WOULD_CHANGE:
        return f"a new Pod would have {item.after}: {item.why}"
    expected = item.after if item.after is not None else "unset"
    return f"it should be {expected}: {item.why}"


def _why_missing(
    workload: Workload,
    policy: Policy,
    changes: Sequence[Change],
    enforcement: Enforcement,
    tailor: Tailor | None,
) -> str:
    times = enforcement.last_changes(policy, workload.ref.namespace)
    if times is None:
        return "it is unknown since when the policy is in force"
    what, since = max(times.items(), key=lambda each: each[1])
    created = f"the Pod was created at {workload.created}"
    if workload.created <= since:
        return f"{created}, {what} {since}"
    if may_have_matched_differently(workload, policy):
        return "podtailor reviewed the Pod, or metadata that the policy matches was written after creation"
    by_change = (evidence(workload, change, enforcement) for change in changes)
    shown = next(filter(None, by_change), "")
    cause, how, counter = "the webhook does not answer in time", "without a review", FAIL_OPEN
    if tailor is Tailor.EXPORTED:
        cause, how, counter = "an expression fails", "because an expression failed", FAILED_CHECKS
    if not shown:
        return (
            f"{created}, {what} {since}. Whether the policy was in force in between is unknown: a label "
            f"removed from a namespace leaves no time. Pods that the API server let through {how} are "
            f"counted by {counter}"
        )
    return (
        f"{created}, when the policy was in force: {shown}. If {cause}, the API "
        f"server lets Pods through, without a trace on them: {counter} counts them"
    )


def _nothing_to_add(explanation: Explanation) -> str:
    skips = Counter(skip.reason for skip in explanation.decision.outcome.skips)
    if not skips:
        return "it already has all values that the matched policies propose"
    if set(skips) == {Reason.KEPT}:
        return "it has its own value for each field that the policies propose"
    counts = ", ".join(f"{count} {reason}" for reason, count in skips.most_common())
    return f"every value that the policies propose is skipped: {counts}"
