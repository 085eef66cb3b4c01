"""Whether a resize harms a Pod. Pure."""

from __future__ import annotations

from collections.abc import Collection

from webhook.resize.pod import ContainerStatus, Pod


def harm(before: Pod, now: Pod, restarts: Collection[str], *, must_be_ready: bool) -> str:
    """What has happened to the Pod since `before`, as a sentence; empty if nothing bad has.

    `restarts`: containers that may restart once. `must_be_ready`: if it was Ready before.
    """
    if now.status.phase == "Failed":
        return f"{now.name} has failed"
    if now.is_leaving:
        return ""  # deleted, or completed: it is not Ready because of that
    for old in before.container_statuses():
        new = now.container_status(old.name)
        # One that was not running starts by itself, and counts that.
        expected = old.restartCount + (old.name in restarts or not old.state.running)
        if new and new.restartCount > expected:
            return f"{now.name}: {old.name} has restarted{_why(new)}"
    is_lost = must_be_ready and before.is_ready and not now.is_ready
    return f"{now.name} is no longer Ready" if is_lost else ""


def have_restarted(before: Pod, now: Pod, restarts: Collection[str]) -> bool:
    """Whether all of these containers, if they ran, have started again since `before`."""
    counts = ((before.container_status(name), now.container_status(name)) for name in restarts)
    return all(
        new.restartCount > old.restartCount for old, new in counts if old and new and old.state.running
    )


def _why(status: ContainerStatus) -> str:
    last = status.lastState.terminated
    return f" ({last.reason})" if last and last.reason else ""
