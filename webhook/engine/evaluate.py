"""Decide what is added to a Pod: `evaluate(request, snapshot) -> Decision`."""

from __future__ import annotations

from collections.abc import Sequence
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
from webhook.model.notice import Notice
from webhook.model.patch import Op
from webhook.model.pod import NO_METADATA, NO_SPEC, PodView
from webhook.model.policy import Policy
from webhook.model.subject import Subject

VIOLATION = "violation"
"""The reason of warnings about violations."""


class Decision(Struct, frozen=True, kw_only=True):
    """The answer for one Pod, and the reasons for it."""

    types: tuple[WorkloadType, ...] = ()
    """As classified; `outcome.types` are those of the Pod once it is changed."""
    exemption: Notice | None = None
    """Why no policy is applied to the Pod; then only `mode` and `warnings` are set besides."""
    mode: Mode = Mode.ENFORCE
    """The namespace's mode, else the server's."""
    enforced: tuple[Policy, ...] = ()
    audited: tuple[Policy, ...] = ()
    outcome: Outcome = NOTHING
    """What the enforced policies do: this is the patch."""
    audit: Outcome | None = None
    """What enforced and audited policies would do together; None if no audited policy matches."""
    would_change: tuple[Change, ...] = ()
    """The changes of `audit` that `outcome` does not make: other fields, or other values."""
    violations: tuple[Violation, ...] = ()
    """Of the enforced policies, then those of the audited ones."""
    denied: str | None = None
    """Why the Pod is refused: every violation of an enforced policy that denies, in one message."""
    pod: PodView | None = None
    """The Pod to patch; None if it is exempt."""
    subject: Subject | None = None
    """The Pod as it was before any change; None if it is exempt."""
    warnings: tuple[Notice, ...] = ()
    """Violations, and what podtailor does not understand of the Pod or its namespace."""

    @property
    def patch(self) -> list[Op]:
        """Computed on each access, since an audit needs none."""
        return self.outcome.operations(self.pod) if self.pod and not self.denied else []


def evaluate(request: Request, snapshot: Snapshot) -> Decision:
    """Classify the Pod, match the policies, run the edits. Never raises, whatever a Pod contains."""
    pod, namespace = request.pod, snapshot.namespace(request.namespace)
    metadata = pod.metadata or NO_METADATA
    mode, mode_warning = mode_in(namespace, snapshot)
    about_metadata = metadata_warnings(metadata, namespace)
    exempt = exemption(metadata, pod.spec or NO_SPEC, namespace)
    if exempt is None and mode is Mode.OFF:
        exempt = Notice("mode-off", f"the mode of {namespace.name} is off")
    if exempt:
        warnings = tuple([each.truncated() for each in about_metadata])
        return Decision(exemption=exempt.truncated(), mode=mode, warnings=warnings)

    subject = snapshot.subject(request)
    classification = classify(subject)
    types = classification.types
    subject = subject.with_types(types)

    with_audited = apply_policies(subject, snapshot)
    audited = [policy for policy in with_audited.matched if policy.mode.weaker(mode) is Mode.AUDIT]
    enforced, audit, violations = with_audited, None, with_audited.violations
    if audited:  # what is enforced must not depend on an audited policy
        enforced = apply_policies(subject, snapshot, lambda each: each.mode.weaker(mode) is Mode.ENFORCE)
        audit = with_audited
        tried = [each for each in audit.violations if each.policy in audited]
        violations = (*enforced.violations, *tried)

    warnings = (
        *map(_violation_warning, violations),
        *classification.warnings,
        *((mode_warning,) if mode_warning else ()),
        *about_metadata,
        *_container_warnings(subject),
    )
    return Decision(
        types=types,
        mode=mode,
        enforced=enforced.matched,
        audited=tuple(audited),
        outcome=enforced,
        audit=audit,
        would_change=_missing(enforced, audit) if audit else (),
        violations=violations,
        denied=_denial(enforced.violations) if violations else None,
        pod=pod,
        subject=subject,
        warnings=tuple(map(Notice.truncated, warnings)),
    )


def _denial(violations: Sequence[Violation]) -> str | None:
    """For each violation the policy, the container, and LimitRanger's message."""
    messages = [
        f"policy {each.policy.key}: {f'container {each.container}: ' if each.container else ''}{each.message}"
        for each in violations
        if each.policy.resources and each.policy.resources.deny
    ]
    return f"podtailor: {'; '.join(messages)}" if messages else None


def _missing(enforced: Outcome, audit: Outcome) -> tuple[Change, ...]:
    """The changes of `audit` that `enforced` does not make."""
    values: dict[str, list[Any]] = {}
    for change in enforced.changes:
        values.setdefault(change.field, []).append(change.value)
    return tuple(each for each in audit.changes if each.value not in values.get(each.field, ()))


def _violation_warning(each: Violation) -> Notice:
    return Notice(VIOLATION, f"{each.policy.name}: {each.container or 'pod'}: {each.message}")


def _container_warnings(subject: Subject) -> list[Notice]:
    warnings = [
        Notice(
            "too-many-devices",
            f"container {container.name} requests {container.devices.implausible}, more than "
            f"{MAX_DEVICES}: counted as one",
        )
        for container in subject.containers
        if container.devices.implausible
    ]
    unknown = subject.skip_containers and subject.skip_containers.difference(
        [each.name for each in subject.containers]
    )
    if unknown:
        names = ", ".join(sorted(unknown))
        detail = f"annotation {SKIP_CONTAINERS} names {names}: the Pod has no such container"
        warnings.append(Notice("unknown-container", detail))
    return warnings
