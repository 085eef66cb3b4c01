"""What changes of the whole cluster would cost, as `costing` finds it out."""

from __future__ import annotations

from msgspec import Struct

from webhook.audit.costs.autoscalers import Wakeup
from webhook.audit.costs.capacity import NodeCapacity


class Costs(Struct, frozen=True):
    """Empty unless the whole cluster was audited."""

    capacity: tuple[NodeCapacity, ...] = ()
    wakeups: tuple[Wakeup, ...] = ()
    unknown_reason: str = ""
    """Why it is empty."""
