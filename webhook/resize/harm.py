"""Whether a resize harms a Pod. Pure."""

from __future__ import annotations

from collections.abc import Collection

from webhook.resize.pod import Pod


def harm(before: Pod, now: Pod, restarts: Collection[str], *, must_be_ready: bool) -> str:
    """What has happened to the Pod since `before`, as a sentence; empty if nothing bad has.

    `restarts`: containers that may restart once. `must_be_ready`: if it was Ready before.
    """
    for old in before.container_statuses():
        new = now.container_status(old.name)
        if new and new.restartCount > old.restartCount + (old.name in restarts):
            last = new.lastState.terminated
            why = f" ({last.reason})" if last and last.reason else ""
            return f"{now.name}: {old.name} has restarted{why}"
    is_lost = must_be_ready and before.is_ready and not now.is_ready
    return f"{now.name} is no longer Ready" if is_lost else ""


def have_restarted(before: Pod, now: Pod, restarts: Collection[str]) -> bool:
    """Whether all of these containers have started again since `before`."""
    counts = ((before.container_status(name), now.container_status(name)) for name in restarts)
    return all(new.restartCount > old.restartCount for old, new in counts if old and new)
