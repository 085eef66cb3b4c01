"""Say why: `explain(request, snapshot) -> Explanation`, with the first clause that failed of each policy."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from webhook.engine.classify import Classification, classify
from webhook.engine.evaluate import Decision, evaluate
from webhook.engine.match import Failure, first_failure
from webhook.engine.snapshot import Request, Snapshot
from webhook.model.image_platforms import Level
from webhook.model.names import LIMIT_RANGER, Mode
from webhook.model.policy import Policy
from webhook.model.subject import Subject


class CheckedPolicy(Struct, frozen=True):
    policy: Policy
    mode: Mode
    """The policy's mode or the decision's, whichever changes less."""
    failure: Failure | None
    """Why it does not match; None if it does."""


class JudgedImage(Struct, frozen=True):
    """What is known of an image of the Pod and a platform that some policy asks for."""

    image: str
    platform: str
    level: Level
    source: str
    seen: int
    """When, in seconds since 1970; 0 if nothing is known."""


class Explanation(Struct, frozen=True, kw_only=True):
    classification: Classification
    decision: Decision
    checked: tuple[CheckedPolicy, ...]
    """Every policy, in order of precedence; none if the Pod is exempt."""
    images: tuple[JudgedImage, ...]
    """None if no policy asks for platforms."""
    limit_ranger: str | None
    """What LimitRanger set, according to its annotation, which anyone may write."""


def explain(request: Request, snapshot: Snapshot) -> Explanation:
    """The decision for one Pod, and what led to it."""
    decision = evaluate(request, snapshot)
    subject = snapshot.subject(request)
    once_changed = subject.with_types((decision.audit or decision.outcome).types)
    matched = (*decision.enforced, *decision.audited)
    checked = [
        CheckedPolicy(policy, policy.mode.weaker(decision.mode), _failure(policy, once_changed, matched))
        for policy in snapshot.policies
    ]
    return Explanation(
        classification=classify(subject),
        decision=decision,
        checked=() if decision.exemption else tuple(checked),
        images=tuple(_images(subject, snapshot)),
        limit_ranger=(subject.metadata.annotations or {}).get(LIMIT_RANGER),
    )


def _images(subject: Subject, snapshot: Snapshot) -> Iterator[JudgedImage]:
    platforms = dict.fromkeys(each for policy in snapshot.policies for each in policy.platforms)
    for image, known in subject.images.items() if platforms else ():
        for platform in platforms:
            yield JudgedImage(image, platform, known.level(platform), known.source, known.seen)


def _failure(policy: Policy, subject: Subject, matched: tuple[Policy, ...]) -> Failure | None:
    if policy in matched:
        return None
    return Failure("mode", "the policy is off") if policy.mode is Mode.OFF else first_failure(policy, subject)
