"""What became of each Pod."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from webhook.resize.plan import PodPlan


class Outcome(StrEnum):
    RESIZED = "resized"
    UNCHANGED = "unchanged"
    RESTARTED = "restarted"
    """Resized, and its containers were restarted for it, as planned."""
    DEFERRED = "deferred"
    INFEASIBLE = "infeasible"
    ERROR = "error"
    REFUSED = "refused"
    REVERTED = "reverted"
    GONE = "gone"

    @property
    def is_resized(self) -> bool:
        """Whether its kubelet has given it the new values."""
        return self in (Outcome.RESIZED, Outcome.RESTARTED)

    @property
    def is_as_wanted(self) -> bool:
        """A Pod that is gone is made again by its controller, and has its own size then."""
        return self.is_resized or self in (Outcome.UNCHANGED, Outcome.GONE)


class Why(StrEnum):
    """Why a result is not as wanted. A refusal has its own name instead."""

    DEFERRED = "deferred"
    INFEASIBLE = "infeasible"
    KUBELET_ERROR = "kubelet-error"
    HARM = "harm"
    TIMED_OUT = "timed-out"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"
    NEW_POD = "new-pod"
    CHANGED_MEANWHILE = "changed-meanwhile"


class Result(Struct, frozen=True, kw_only=True):
    plan: PodPlan
    outcome: Outcome
    reason: str = ""
    """One of `Why`, or the name of a refusal, such as `below-usage`."""
    message: str = ""
    seconds: float = 0.0
    """From the request until the kubelet had done it, or until it was given up."""

    @property
    def is_as_wanted(self) -> bool:
        return self.outcome.is_as_wanted and not self.reason
