"""How a plan is carried out."""

from __future__ import annotations

import math
from enum import StrEnum

from msgspec import Struct


class OnDeferred(StrEnum):
    """What to do while a Node has no room."""

    WAIT = "wait"
    REVERT = "revert"


class OnInfeasible(StrEnum):
    """What to do if a Node can never do it, or fails to."""

    REVERT = "revert"
    KEEP = "keep"


class Settings(Struct, frozen=True, kw_only=True):
    canary: int = 1
    batch_percent: int = 25
    settle: float = 60
    """Seconds for which Pods are watched once they are resized."""
    timeout: float = 600
    """Seconds for one Pod."""
    on_deferred: OnDeferred = OnDeferred.WAIT
    on_infeasible: OnInfeasible = OnInfeasible.REVERT

    def batch(self, pods: int) -> int:
        return max(1, math.floor(pods * self.batch_percent / 100))
