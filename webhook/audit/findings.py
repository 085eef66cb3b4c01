"""What the audit says of one object."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct

from webhook.engine.qos import QosMove
from webhook.model.names import WorkloadType
from webhook.model.notice import Notice
from webhook.model.pod import Toleration
from webhook.model.text import WARNING_LENGTH, truncate


class Finding(StrEnum):
    """Worst first: an object is reported by the first that it has."""

    NOT_JUDGED = "not-judged"
    """It could not be read, or could not be judged: nothing is known of it."""
    VIOLATION = "violation"
    """Its own values break a bound of a policy."""
    SLIPPED_THROUGH = "slipped-through"
    """A Pod that admission should have changed, and did not."""
    DRIFTED = "drifted"
    """A Pod with other resources than its template and the policies gave it."""
    CONFLICT = "conflict"
    """Two policies wish different values; the one heard first prevails."""
    WOULD_CHANGE = "would-change"
    """It would be changed if it were created now, under what is tried or has come since."""
    SKIPPED = "skipped"
    """No policy is for it, or it is left alone."""
    PASS = "pass"  # noqa: S105 (no password)
    """Nothing to do; of a template: what its Pods lack, they are given."""


WORST_FIRST = tuple(Finding)


class Item(Struct, frozen=True, omit_defaults=True, rename="camel"):
    """One thing found: of which policy, about which field."""

    finding: Finding
    policy: str = ""
    field: str = ""
    before: Any = None
    after: Any = None
    why: str = ""
    in_force: bool = False
    """A Pod that is created now is given it."""


Amounts = Mapping[str, int]
"""By resource, in thousandths."""


class Demand(Struct, frozen=True):
    """What one Pod asks of a Node."""

    requests: Amounts = {}
    containers: Mapping[str, Amounts] = {}
    """Of those that run all the time, what each requests."""
    unsized: Mapping[str, frozenset[str]] = {}
    """By resource, the containers without a request: an autoscaler cannot tell how busy they are."""
    node_selector: Mapping[str, str | None] = {}
    tolerations: tuple[Toleration, ...] = ()


class Verdict(Struct, frozen=True):
    """All there is to say about one object."""

    items: tuple[Item, ...]
    """Worst first; never empty."""
    types: tuple[WorkloadType, ...] = ()
    qos: QosMove | None = None
    """None where nothing would change."""
    enforced_qos: QosMove = QosMove()
    """Of what is enforced alone."""
    before: Demand = Demand()
    after: Demand = Demand()
    denied: str = ""
    """Why a new one would be refused."""
    diff: str = ""
    skipped: Notice | None = None
    """Why no policy is applied; set if, and only if, the finding is `skipped`."""

    @property
    def finding(self) -> Finding:
        return self.items[0].finding

    @property
    def problem(self) -> str:
        """Why the object could not be judged; empty if it was."""
        return self.items[0].why if self.finding is Finding.NOT_JUDGED else ""


def problem_of(error: Exception) -> str:
    """What to say of an object that made us fail."""
    return truncate(f"{type(error).__name__}: {error}", WARNING_LENGTH)


def not_judged(why: str) -> Verdict:
    return Verdict((Item(Finding.NOT_JUDGED, why=why),))
