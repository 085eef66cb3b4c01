"""What became of each Pod."""

from __future__ import annotations

from collections.abc import Iterable
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


def how_far(results: Iterable[Result], due: int) -> str:
    """How many of the Pods that were to change an interrupted run has resized, watched to the end or not."""
    resized = [each for each in results if each.plan.changes and each.outcome.is_resized]
    unwatched = sum(each.reason == Why.INTERRUPTED for each in resized)
    pods, are = "Pod" if due == 1 else "Pods", "is" if 1 in (due, len(resized)) else "are"
    return f"{len(resized)} of {due} {pods} {are} resized" + (
        f" ({unwatched} not watched to the end)" if unwatched else ""
    )
