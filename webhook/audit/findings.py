"""The verdict on one object: its findings, and its requests before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import StrEnum
from typing import Any

from msgspec import Struct

from webhook.audit.enforcement import Tailor
from webhook.engine.qos import QosMove
from webhook.messages import MESSAGES
from webhook.messages.message import Message
from webhook.model.names import WorkloadType
from webhook.model.notice import Notice
from webhook.model.pod import Toleration
from webhook.model.text import WARNING_LENGTH, truncate


class Finding(StrEnum):
    """Worst first: an object is reported by its worst. `messages/findings.py` says what each means."""

    NOT_JUDGED = "not-judged"
    VIOLATION = "violation"
    SLIPPED_THROUGH = "slipped-through"
    WRONG_ARCH = "wrong-arch"
    DRIFTED = "drifted"
    CONFLICT = "conflict"
    UNDERSIZED = "undersized"
    OVERSIZED = "oversized"
    STOPPED_BY_IMAGE = "stopped-by-image"
    ARCH_UNKNOWN = "arch-unknown"
    WOULD_RUN = "would-run-arm64"
    WOULD_CHANGE = "would-change"
    SKIPPED = "skipped"
    PASS = "pass"  # noqa: S105 (no password)

    @property
    def message(self) -> Message:
        return MESSAGES[self]


WORST_FIRST = tuple(Finding)
SIZES = (Finding.UNDERSIZED, Finding.OVERSIZED)
"""By what was measured: found only if usage was asked for."""
PLATFORMS = (Finding.WRONG_ARCH, Finding.STOPPED_BY_IMAGE, Finding.ARCH_UNKNOWN, Finding.WOULD_RUN)
"""By what is known of images: found only if a platform was asked for."""
_CHANGES = (Finding.SLIPPED_THROUGH, Finding.WOULD_CHANGE)


class Item(Struct, frozen=True, omit_defaults=True, rename="camel"):
    """One finding, with the policy and field that it is about."""

    finding: Finding
    policy: str = ""
    field: str = ""
    before: Any = None
    after: Any = None
    why: str = ""
    in_force: bool = False
    """Whether a Pod created now gets `after`."""
    value: Any = None
    """What `policy` proposes, in a conflict."""
    winner: str = ""
    """The policy that takes precedence, in a conflict."""
    winning_value: Any = None
    line: int = 0
    """Of the field in a manifest, or of what would hold it; 0 for what is in no file."""
    column: int = 0

    @property
    def has_effect(self) -> bool:
        """Whether it is more than a `resizePolicy` that Kubernetes takes as its default."""
        is_resize_policy = self.field.partition(":")[2].startswith("resizePolicy.")
        return not is_resize_policy or self.after.get("restartPolicy") != "NotRequired"


Amounts = Mapping[str, int]
"""By resource, in thousandths."""


class Demand(Struct, frozen=True, kw_only=True):
    """What one Pod requires of a Node."""

    requests: Amounts = {}
    limits: Amounts = {}
    """Of its containers, added up like requests; a container without a limit counts nothing."""
    containers: Mapping[str, Amounts] = {}
    """Requests by container, without init containers."""
    unsized: Mapping[str, AbstractSet[str]] = {}
    """By resource, the containers without a request: an autoscaler cannot compute their utilization."""
    node_selector: Mapping[str, str | None] = {}
    tolerations: tuple[Toleration, ...] = ()


class Verdict(Struct, frozen=True, kw_only=True):
    """Everything the audit reports about one object."""

    items: tuple[Item, ...]
    """Worst first; never empty."""
    types: tuple[WorkloadType, ...] = ()
    qos: QosMove | None = None
    """None if nothing would change."""
    enforced_qos: QosMove = QosMove()
    """By enforced policies only."""
    before: Demand = Demand()
    after: Demand = Demand()
    denied: str = ""
    """Why a new Pod would be denied."""
    diff: str = ""
    skipped: Notice | None = None
    """Why no policy is applied; set only if `skipped` is among its findings."""
    tailor: Tailor | None = None
    """What tailors new Pods like it; None if that is unknown."""

    @property
    def finding(self) -> Finding:
        return self.items[0].finding

    @property
    def changes(self) -> bool:
        """Whether a new Pod would be different, with effect."""
        return any(each.has_effect for each in self.items if each.finding in _CHANGES)

    @property
    def is_without_effect(self) -> bool:
        """Whether all there is to change has no effect."""
        return self.finding is Finding.WOULD_CHANGE and not self.changes

    @property
    def problem(self) -> str:
        """Why the object could not be judged; empty if it was."""
        return self.items[0].why if self.finding is Finding.NOT_JUDGED else ""


def worst_first(items: Sequence[Item]) -> list[Item]:
    """Those of one finding stay in their order."""
    found = {each.finding for each in items}
    if len(found) <= 1:
        return [*items]
    return [each for finding in WORST_FIRST if finding in found for each in items if each.finding is finding]


def problem_of(error: Exception) -> str:
    """How to report an object on which the code failed."""
    return truncate(f"{type(error).__name__}: {error}", WARNING_LENGTH)


def not_judged(why: str) -> Verdict:
    return Verdict(items=(Item(Finding.NOT_JUDGED, why=why),))
