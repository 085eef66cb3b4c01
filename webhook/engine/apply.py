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


class Outcome(Struct, frozen=True):
    """What a set of policies does to a Pod."""

    subject: Subject | None = None
    """The Pod with its types as it will be; None where no policy was asked."""
    matched: tuple[Policy, ...] = ()
    """Those that match, in their order."""
    changes: tuple[Change, ...] = ()
    skips: tuple[Skip, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    violations: tuple[Violation, ...] = ()
    annotation: Write | None = None
    """What says on the Pod which policy set what."""

    @property
    def writes(self) -> tuple[Write, ...]:
        return (*self.changes, self.annotation) if self.annotation else self.changes

    @property
    def types(self) -> tuple[WorkloadType, ...]:
        """Of the Pod as it will be."""
        return self.subject.types if self.subject else ()

    @property
    def qos(self) -> QosMove:
        return qos_move(self.subject, self.writes) if self.subject else QosMove()

    def operations(self, view: PodView, at: Path = ()) -> list[Op]:
        """The JSON Patch that makes the writes on `view`, which stands at the path `at` of its object.

        The view is of the Pod that was evaluated, or of the template that its controller makes it from.
        """
        return operations(self.writes, view, at)


NOTHING = Outcome()
_ARM64, _FIELD = "arm64", f"pod:nodeSelector.{ARCH}"


def apply_policies(
    subject: Subject, snapshot: Snapshot, included: Callable[[Policy], bool] = lambda _: True
) -> Outcome:
    """What those policies of `snapshot` do that match and may speak. `subject.types` are filled in."""
    draft = Draft()
    matched = list(filter(included, snapshot.policies.matching(subject)))
    sent = _sent_to_arm64(subject, matched)
    if sent:
        key, policy = sent
        draft.claim(policy, _FIELD, _ARM64)
        draft.set(policy, _FIELD, ("spec", "nodeSelector", key), _ARM64)
        selector = {**(subject.spec.nodeSelector or {}), key: _ARM64}
        subject = structs.replace(subject, spec=structs.replace(subject.spec, nodeSelector=selector))
        subject = subject.with_types(classify(subject).types)
        matched = list(filter(included, snapshot.policies.matching(subject)))
    if matched:
        for edit in EDITS:
            edit(subject, matched, draft)
    annotation = None
    if draft.changes and snapshot.annotate:
        annotation = applied_write(draft.changes, subject.metadata.annotations or {})
    return Outcome(
        subject,
        matched=tuple(matched),
        changes=tuple(draft.changes),
        skips=tuple(draft.skips),
        conflicts=tuple(draft.conflicts),
        violations=tuple(draft.violations),
        annotation=annotation,
    )


def _sent_to_arm64(subject: Subject, matched: Sequence[Policy]) -> tuple[str, Policy] | None:
    """The policy that makes this an ARM64 Pod, and the key by which it does so."""
    sends = any(value == _ARM64 for policy in matched for value in policy.node_selector.values())
    if not sends or WorkloadType.ARM64 in subject.types:
        return None
    trial = Draft()
    default_node_selector(subject, matched, trial)
    return next(
        (
            (str(change.path[-1]), change.policy)
            for change in trial.changes
            if change.field == _FIELD and change.value == _ARM64
        ),
        None,
    )
