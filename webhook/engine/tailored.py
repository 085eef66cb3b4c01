"""What a set of policies does to a Pod: who is heard, what is edited, and again where that changes its types.

A policy that sends a Pod to ARM64 Nodes makes it an ARM64 Pod: those who are heard for that reason have their
turn on the Pod as it is by then, as they would have in a second review. So that has nothing left to do. No
other type can come of an edit: none adds devices or volumes.
"""

from __future__ import annotations

from collections.abc import Sequence

import jsonpatch
import msgspec
from msgspec import Struct

from webhook.edits import EDITS
from webhook.engine.annotation import applied_write
from webhook.engine.classify import classify
from webhook.engine.match import matches
from webhook.engine.qos import QosMove, qos_move
from webhook.engine.snapshot import Snapshot
from webhook.model.draft import Change, Conflict, Draft, Skip, Violation
from webhook.model.names import ARCH, WorkloadType
from webhook.model.patch import Op, Path, Write, operations
from webhook.model.pod import PodView, pod_view
from webhook.model.policy import Policy
from webhook.model.subject import Subject, subject_of


class Outcome(Struct, frozen=True):
    """What a set of policies does to a Pod."""

    heard: tuple[Policy, ...] = ()
    """Those that match, in their order."""
    changes: tuple[Change, ...] = ()
    skips: tuple[Skip, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    violations: tuple[Violation, ...] = ()
    writes: tuple[Write, ...] = ()
    qos: QosMove = QosMove()

    def operations(self, view: PodView, at: Path = ()) -> list[Op]:
        """The JSON Patch that makes the writes on `view`, which stands at the path `at` of its object.

        The view is of the Pod that was evaluated, or of the template that its controller makes it from.
        """
        return operations(self.writes, view, at)


NOTHING = Outcome()


def tailored(subject: Subject, policies: Sequence[Policy], snapshot: Snapshot) -> Outcome:
    """What those of `policies` do that match. `subject.types` are filled in; of `snapshot` settings count."""
    heard = [policy for policy in policies if matches(policy, subject)]
    if not heard:
        return Outcome(qos=qos_move(subject, ()))
    draft = _edited(subject, heard)
    if WorkloadType.ARM64 not in subject.types and _is_sent_to_arm64(draft):
        placed = _placed(subject, draft, snapshot)
        again = [policy for policy in policies if matches(policy, placed)]
        _go_on(draft, _edited(placed, again), again)
        heard = [policy for policy in policies if policy in heard or policy in again]
    if draft.changes and snapshot.annotate:
        write = applied_write(draft.changes, subject.metadata.annotations or {})
        if write:
            draft.writes.append(write)
    return Outcome(
        heard=tuple(heard),
        changes=tuple(draft.changes),
        skips=tuple(draft.skips),
        conflicts=tuple(draft.conflicts),
        violations=tuple(draft.violations),
        writes=tuple(draft.writes),
        qos=qos_move(subject, draft.writes),
    )


def _edited(subject: Subject, policies: Sequence[Policy]) -> Draft:
    draft = Draft()
    for edit in EDITS:
        edit(subject, policies, draft)
    return draft


def _is_sent_to_arm64(draft: Draft) -> bool:
    return any(
        change.field == f"pod:nodeSelector.{ARCH}" and change.value == "arm64" for change in draft.changes
    )


def _placed(subject: Subject, draft: Draft, snapshot: Snapshot) -> Subject:
    """The Pod with what has been written, and the types that it has then."""
    view = PodView(subject.metadata, subject.spec)
    patched = jsonpatch.apply_patch(msgspec.to_builtins(view), operations(draft.writes, view))
    placed = subject_of(pod_view(patched), subject.namespace, snapshot.accelerators)
    return placed.of_types(classify(placed).types)


def _go_on(draft: Draft, later: Draft, heard: Sequence[Policy]) -> None:
    """Join what came later. Nobody is told to have been kept from what was only just set."""
    set_before = {change.field for change in draft.changes}
    later.skips = [each for each in later.skips if each.field not in set_before and each not in draft.skips]
    draft.violations = [each for each in draft.violations if each.policy not in heard]
    draft.join(later)
