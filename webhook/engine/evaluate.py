"""Decide what is added to a Pod: `evaluate(request, snapshot) -> Decision`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct

from webhook.engine.apply import NOTHING, Outcome, apply_policies
from webhook.engine.classify import classify
from webhook.engine.exemptions import exemption
from webhook.engine.metadata_warnings import metadata_warnings
from webhook.engine.snapshot import Request, Snapshot, mode_in
from webhook.model.accelerators import MAX_DEVICES
from webhook.model.draft import Change, Violation
from webhook.model.names import SKIP_CONTAINERS, Mode, WorkloadType
from webhook.model.patch import Op
from webhook.model.pod import NO_METADATA, NO_SPEC, PodView
from webhook.model.policy import Policy
from webhook.model.subject import Subject
from webhook.model.text import WARNING_LENGTH, truncate


class Decision(Struct, frozen=True):
    """The answer for one Pod, and all that there is to say about it."""

    types: tuple[WorkloadType, ...] = ()
    exemption: str | None = None
    """`reason: in words`, where no edit may touch the Pod."""
    mode: Mode = Mode.ENFORCE
    """The namespace's mode, else the server's."""
    enforced: tuple[Policy, ...] = ()
    audited: tuple[Policy, ...] = ()
    outcome: Outcome = NOTHING
    """What the enforced policies do: this is the patch."""
    audit: Outcome | None = None
    """What enforced and audited policies together would do; None where no audited policy matches."""
    would_change: tuple[Change, ...] = ()
    """What the audited policies would add to what is in force: fields with values that differ."""
    denied: str | None = None
    """Why the Pod is refused: every violation of an enforced policy that denies, in one message."""
    pod: PodView | None = None
    """Who is given the patch; None where nobody is."""
    warnings: tuple[str, ...] = ()
    """`reason: in words`, about what the Pod or its namespace says that nobody understands."""

    @property
    def patch(self) -> list[Op]:
        """Made anew each time: an audit asks for none."""
        return self.outcome.operations(self.pod) if self.pod and not self.denied else []


def evaluate(request: Request, snapshot: Snapshot) -> Decision:
    """Classify the Pod, match the policies, run the edits. Never raises for anything a Pod can say."""
    namespace = snapshot.namespace(request.namespace)
    mode, mode_warning = mode_in(namespace, snapshot)
    pod = request.pod
    metadata = pod.metadata or NO_METADATA
    reason = exemption(metadata, pod.spec or NO_SPEC, namespace)
    unknown = metadata_warnings(metadata, namespace)
    if reason is None and mode is Mode.OFF:
        reason = f"mode-off: the mode of {namespace.name} is off"
    if reason:
        return Decision(exemption=truncate(reason, WARNING_LENGTH), mode=mode, warnings=_cut(unknown))
    subject = snapshot.subject(request)
    classification = classify(subject)
    types = classification.types
    subject = subject.with_types(types)
    outcome, audit = apply_policies(subject, snapshot), None
    audited = [policy for policy in outcome.matched if policy.mode.weaker(mode) is Mode.AUDIT]
    if audited:  # what is in force may not depend on a policy that is only being tried
        outcome, audit = (
            apply_policies(subject, snapshot, lambda each: each.mode.weaker(mode) is Mode.ENFORCE),
            outcome,
        )
    denied = _denied(outcome.violations)
    # What only audited policies mind is said as well: that is what trying them is for.
    tried = [each for each in audit.violations if each.policy in audited] if audit else []
    broken = [
        f"violation: {each.policy.name}: {each.container or 'pod'}: {each.message}"
        for each in (*outcome.violations, *tried)
    ]
    warnings = (
        *broken,
        *classification.warnings,
        *((mode_warning,) if mode_warning else ()),
        *unknown,
        *_warnings(subject),
    )
    return Decision(
        types=types,
        mode=mode,
        enforced=outcome.matched,
        audited=tuple(audited),
        outcome=outcome,
        audit=audit,
        would_change=_beyond(outcome, audit) if audit else (),
        denied=denied,
        pod=pod,
        warnings=_cut(warnings),
    )


def _cut(warnings: Iterable[str]) -> tuple[str, ...]:
    return tuple([truncate(warning, WARNING_LENGTH) for warning in warnings])


def _denied(violations: Sequence[Violation]) -> str | None:
    """Of each violation the policy, the container, and what LimitRanger would say of it."""
    refusing = [each for each in violations if each.policy.resources and each.policy.resources.deny]
    said = [
        f"policy {each.policy.key}: {f'container {each.container}: ' if each.container else ''}{each.message}"
        for each in refusing
    ]
    return f"podtailor: {'; '.join(said)}" if said else None


def _beyond(in_force: Outcome, would_be: Outcome) -> tuple[Change, ...]:
    """The changes of the second outcome that the first has not."""
    there: dict[str, list[Any]] = {}
    for change in in_force.changes:
        there.setdefault(change.field, []).append(change.value)
    return tuple(each for each in would_be.changes if each.value not in there.get(each.field, ()))


def _warnings(subject: Subject) -> list[str]:
    warnings = [
        f"too-many-devices: container {container.name} asks for {container.devices.implausible}, more than "
        f"{MAX_DEVICES}, and counts as one"
        for container in subject.containers
        if container.devices.implausible
    ]
    unknown = subject.skip_containers.difference(each.name for each in subject.containers)
    if unknown:
        named = ", ".join(sorted(unknown))
        warnings.append(
            f"unknown-container: annotation {SKIP_CONTAINERS} names {named}, which the Pod has not"
        )
    return warnings
