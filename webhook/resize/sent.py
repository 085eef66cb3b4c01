"""A Pod that was resized, while its kubelet is followed."""

from __future__ import annotations

from msgspec import Struct

from webhook.resize.plan import PodPlan
from webhook.resize.pod import Pod, Values


class Because(Struct, frozen=True):
    """Why a Pod is not as wanted, or gets its old values again."""

    reason: str = ""
    message: str = ""


class Sent(Struct, kw_only=True):
    """A Pod that was resized."""

    plan: PodPlan
    stored: Pod
    """As the request returned it."""
    seen: Pod
    """As it was last seen before its kubelet began: harm is what happens afterwards."""
    begun: float
    wanted: Values
    is_ours: bool = True
    """False for a resize of an earlier run, whose old values are not known."""
    asked: float = 0.0
    """When its kubelet was asked last: for the new values, or for the old ones."""
    done: float | None = None
    """When its kubelet had done it."""
    back: Because | None = None
    is_watched: bool = False
    """Whether the watch has had it: only then it is gone if the watch has it no more."""
    was_deferred: bool = False
    starts: bool = False
    """Whether its containers have restarted as planned, and it is not Ready yet."""

    @property
    def may_restart(self) -> tuple[str, ...]:
        if self.is_ours:
            return self.plan.restarts
        return tuple(each.name for each in self.plan.pod.containers() if each.may_restart)

    @property
    def is_done(self) -> bool:
        """Whether its kubelet has given it the new values."""
        return self.done is not None and not self.back
