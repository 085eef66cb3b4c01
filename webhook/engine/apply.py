"""What a set of policies does to a Pod: which match, and what they set.

An arm64 selector changes the Pod's type, so placement is decided first and policies are matched again;
otherwise a second review could match other policies. No edit leads to another type: none adds devices or
volumes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct, structs

from webhook.edits import EDITS
from webhook.edits.node_selector import default_node_selector
from webhook.engine.annotation import applied_write
from webhook.engine.classify import classify
from webhook.engine.qos import QosMove, qos_move
from webhook.engine.snapshot import Snapshot
from webhook.model.draft import Change, Conflict, Draft, Skip, Violation
from webhook.model.names import ARCH, WorkloadType
from webhook.model.patch import Op, Path, Write, operations
from webhook.model.pod import PodView
from webhook.model.policy import Policy
from webhook.model.subject import Subject


class Outcome(Struct, frozen=True, kw_only=True):
    """What a set of policies does to a Pod."""

    subject: Subject | None = None
    """The Pod, with its types once it is changed; None if no policy was applied."""
    matched: tuple[Policy, ...] = ()
    """In order of precedence."""
    changes: tuple[Change, ...] = ()
    skips: tuple[Skip, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    violations: tuple[Violation, ...] = ()
    annotation: Write | None = None
    """Records on the Pod which policy set what."""

    @property
    def writes(self) -> tuple[Write, ...]:
        return (*self.changes, self.annotation) if self.annotation else self.changes

    @property
    def types(self) -> tuple[WorkloadType, ...]:
        """Those of the Pod once it is changed."""
        return self.subject.types if self.subject else ()

    @property
    def qos(self) -> QosMove:
        return qos_move(self.subject, self.writes) if self.subject else QosMove()

    def operations(self, view: PodView, at: Path = ()) -> list[Op]:
        """The JSON Patch that makes the writes on `view`, which is at the path `at` of its object.

        The view is of the Pod that was evaluated, or of the template that its controller makes it from.
        """
        return operations(self.writes, view, at)


NOTHING = Outcome()
_ARM64, _FIELD = "arm64", f"pod:nodeSelector.{ARCH}"


def apply_policies(
    subject: Subject, snapshot: Snapshot, included: Callable[[Policy], bool] = lambda _: True
) -> Outcome:
    """Apply the policies of `snapshot` that match and are included. `subject.types` must be set."""
    draft = Draft()
    matched = list(filter(included, snapshot.policies.matching(subject)))
    arm64 = _arm64_change(subject, matched)
    if arm64:
        draft.claim(arm64.policy, arm64.field, arm64.value)
        draft.set(arm64.policy, arm64.field, arm64.path, arm64.value)
        subject = _on_arm64(subject, str(arm64.path[-1]))
        matched = list(filter(included, snapshot.policies.matching(subject)))
    for edit in EDITS:
        requesting = list(filter(edit.requested_by, matched))
        if requesting:
            edit.apply(subject, requesting, draft)
    annotation = None
    if draft.changes and snapshot.annotate:
        annotation = applied_write(draft.changes, subject.metadata.annotations or {})
    return Outcome(
        subject=subject,
        matched=tuple(matched),
        changes=tuple(draft.changes),
        skips=tuple(draft.skips),
        conflicts=tuple(draft.conflicts),
        violations=tuple(draft.violations),
        annotation=annotation,
    )


def _arm64_change(subject: Subject, matched: Sequence[Policy]) -> Change | None:
    """The selector that makes this an ARM64 Pod, if a policy sets one."""
    proposed = any(value == _ARM64 for policy in matched for value in policy.node_selector.values())
    if not proposed or WorkloadType.ARM64 in subject.types:
        return None
    trial = Draft()
    default_node_selector(subject, matched, trial)
    return next((each for each in trial.changes if each.field == _FIELD and each.value == _ARM64), None)


def _on_arm64(subject: Subject, key: str) -> Subject:
    """The Pod with that selector, classified again."""
    selector = {**(subject.spec.nodeSelector or {}), key: _ARM64}
    subject = structs.replace(subject, spec=structs.replace(subject.spec, nodeSelector=selector))
    return subject.with_types(classify(subject).types)
