"""Why a live Pod does not carry what admission gives: everything that can be known of it afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec import Struct

from certs.inspect import trust_problem
from webhook.audit.cluster.installation import Installation
from webhook.audit.enforcement import Enforcement
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


class ClusterContext(Struct, frozen=True):
    """What is known besides the Pod."""

    namespace: Namespace
    installed: Installation
    enforcement: Enforcement
    served: bytes | None
    """The webhook's certificate, PEM; None where it cannot be read."""
    now: datetime


def diagnose(
    workload: Workload, explanation: Explanation, verdict: Verdict, around: ClusterContext
) -> list[str]:
    """In words, what stops everybody first. `verdict` is the audit's: the two say the same."""
    reasons = _reasons(workload, explanation, verdict, around)
    return [*webhook_problems(around.installed, around.served, around.now), *reasons]


def webhook_problems(installed: Installation, served: bytes | None, now: datetime) -> list[str]:
    """Why the API server does not reach us now; nothing where it does, as far as can be told."""
    if not installed.webhook_is_known:
        return []
    if installed.webhook is None:
        return [f"nobody calls podtailor now: there is no MutatingWebhookConfiguration {CONFIGURATION}"]
    if not installed.bundle:
        return ["the API server cannot call podtailor now: the webhook configuration has no caBundle"]
    problem = trust_problem(served, installed.bundle, now) if served is not None else None
    return [f"the API server cannot call podtailor now: its certificate {problem}"] if problem else []


def _reasons(
    workload: Workload, explanation: Explanation, verdict: Verdict, around: ClusterContext
) -> Iterator[str]:
    decision = explanation.decision
    metadata = workload.written.metadata or NO_METADATA
    mark = (metadata.annotations or {}).get(APPLIED)
    if mark:
        yield f"its annotation says that podtailor set {mark}"
    if decision.exemption:
        yield f"left alone, {decision.exemption}"
        return
    spared = around.enforcement.excludes(around.namespace, labels_of(metadata))
    if spared:
        yield str(spared)
        return
    if decision.mode is Mode.AUDIT:
        yield "the mode here is Audit: what would be changed is said and not done"
        return
    if not decision.enforced:
        yield "no policy that is enforced matches: the list below says why"
        return
    differing = [item for item in verdict.items if item.before is not None]
    for item in differing:
        yield f"{item.field} is {item.before}, and {_wanted(item)}"
    changes = decision.outcome.changes
    if not changes and not differing:
        yield from ["it is as a new one would be"] if mark else _nothing_to_add(explanation)
    for policy in {change.policy.key: change.policy for change in changes}.values():
        missed = [change for change in changes if change.policy is policy]
        fields = ", ".join(change.field for change in missed)
        yield f"it lacks {fields}, of {policy.key}: {_missed(workload, policy, missed, around.enforcement)}"


def _wanted(item: Item) -> str:
    if item.finding is Finding.WOULD_CHANGE:
        return f"a new one would have {item.after}: {item.why}"
    wanted = f"should be {item.after}" if item.after is not None else "should be left out"
    return f"{wanted}: {item.why}, so it has been resized since"


def _missed(workload: Workload, policy: Policy, changes: Sequence[Change], enforcement: Enforcement) -> str:
    times = enforcement.last_changes(policy, workload.ref.namespace)
    if times is None:
        return "since when that policy is in force is not known"
    what, since = max(times.items(), key=lambda each: each[1])
    if workload.created <= since:
        return f"it was created at {workload.created}, {what} changed at {since}"
    if may_have_matched_differently(workload, policy):
        return "podtailor has seen it, or what the policy goes by was written on it after it was created"
    evidence_found = (evidence(workload, change, enforcement) for change in changes)
    shown = next(filter(None, evidence_found), "")
    if not shown:
        return (
            f"it was created at {workload.created}, and {what} changed last at {since}. Whether that was in "
            f"force here in between is not known: a label that is taken off a namespace leaves no time. Pods "
            f"that the API server let through without an answer are counted by {FAIL_OPEN}"
        )
    return (
        f"it was created at {workload.created}, when that was in force: {shown}. The API server lets Pods "
        f"through where the webhook does not answer in time, and leaves no trace on them: {FAIL_OPEN} counts "
        "them"
    )


def _nothing_to_add(explanation: Explanation) -> Iterator[str]:
    skips = Counter(skip.reason for skip in explanation.decision.outcome.skips)
    if not skips:
        yield "it already is as the policies that match wish it"
    elif set(skips) == {Reason.KEPT}:
        yield "it has values of its own for all that the policies wish"
    else:
        said = ", ".join(f"{count} {reason}" for reason, count in skips.most_common())
        yield f"all that the policies wish is left out: {said}"
