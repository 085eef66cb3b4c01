"""Say why: `explain(request, snapshot) -> Explanation`, every policy with the first clause that failed."""

from __future__ import annotations

from msgspec import Struct

from webhook.engine.classify import Classification, classify
from webhook.engine.evaluate import Decision, evaluate
from webhook.engine.match import Failure, first_failure
from webhook.engine.snapshot import Request, Snapshot
from webhook.model.names import Mode
from webhook.model.policy import Policy
from webhook.model.subject import Subject

# Written by LimitRanger (k8s.io/kubernetes `plugin/pkg/admission/limitranger/admission.go`) before webhooks
# are called. Anyone may write it too, so it is told as what it says, not as what is so.
_LIMIT_RANGER = "kubernetes.io/limit-ranger"


class Verdict(Struct, frozen=True):
    """One policy, heard in this order: the mode it has here, or the clause that kept it away."""

    policy: Policy
    mode: Mode
    failure: Failure | None


class Explanation(Struct, frozen=True):
    classification: Classification
    decision: Decision
    verdicts: tuple[Verdict, ...]
    limit_ranger: str | None
    """What LimitRanger says that it set; those values count as the Pod's own."""


def explain(request: Request, snapshot: Snapshot) -> Explanation:
    """The whole reasoning for one Pod. A Pod that is left alone is told that, and no verdicts."""
    decision = evaluate(request, snapshot)
    subject = snapshot.subject(request)
    classification = classify(subject)
    typed = subject.with_types((decision.audit or decision.outcome).types)
    heard = (*decision.enforced, *decision.audited)
    verdicts = [
        Verdict(policy, policy.mode.weaker(decision.mode), _failure(policy, typed, heard))
        for policy in snapshot.policies
    ]
    said = (subject.metadata.annotations or {}).get(_LIMIT_RANGER)
    return Explanation(classification, decision, () if decision.exemption else tuple(verdicts), said)


def _failure(policy: Policy, subject: Subject, heard: tuple[Policy, ...]) -> Failure | None:
    if policy in heard:
        return None
    return Failure("mode", "the policy is off") if policy.mode is Mode.OFF else first_failure(policy, subject)
