"""How far the kubelet has come with a resize, as the Pod's status says. Pure.

Source: KEP-1287, and `pkg/kubelet/status`, `pkg/kubelet/allocation` in k8s.io/kubernetes. `describe` shows
neither reason nor message of these conditions, so both are kept here.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from webhook.model.quantity import milli
from webhook.resize.pod import Condition, ContainerStatus, Field, Pod, Values

PENDING, IN_PROGRESS = "PodResizePending", "PodResizeInProgress"
# A kubelet rounds CPU limits up to 10m, which is 1 ms of CFS quota (kubernetes#129357).
_CPU_STEP = 10


class State(StrEnum):
    """What the kubelet says; `WAITING` while it has not seen the resize."""

    WAITING = "waiting"
    IN_PROGRESS = "in progress"
    DONE = "done"
    DEFERRED = "deferred"
    INFEASIBLE = "infeasible"
    ERROR = "error"
    """The kubelet tries again, ten to fifteen seconds later (`pkg/kubelet/pod_workers.go`)."""
    GONE = "gone"


class Progress(Struct, frozen=True):
    state: State
    message: str = ""
    since: str = ""
    """RFC 3339. It does not move when only the reason of the condition changes."""

    @property
    def is_below_usage(self) -> bool:
        """Whether its memory limit is below what is in use, which only the process can change.

        In the words of `pkg/kubelet/kuberuntime/kuberuntime_manager.go`, of 1.33 and of 1.34 to 1.37.
        """
        words = ("less than current memory usage", "below current usage")
        return self.state is State.ERROR and any(each in self.message for each in words)

    def __str__(self) -> str:
        return f"{self.state}: {self.message}" if self.message else str(self.state)


def progress(pod: Pod, generation: int, wanted: Values, before: Pod | None = None) -> Progress:
    """How far the resize is that gave the spec of the Pod its values, at this generation of the Pod.

    `before`: the Pod before that. Its conditions may still be there, and 1.33 does not say of which spec.
    Both conditions can be there at once: a pending resize waits behind one in progress, and decides.
    """
    if pod.metadata.generation < generation:
        return Progress(State.WAITING)  # seen before the resize
    pending, running = (_current(pod, name, generation, before) for name in (PENDING, IN_PROGRESS))
    if pending:
        state = State.INFEASIBLE if pending.reason == "Infeasible" else State.DEFERRED
        return _of(state, pending)
    if running:
        return _of(State.ERROR if running.reason == "Error" else State.IN_PROGRESS, running)
    if pod.status.observedGeneration:
        is_done = pod.status.observedGeneration >= generation and _is_allocated(pod, wanted)
    else:  # 1.33: only the values themselves tell
        is_done = _is_allocated(pod, wanted) and _is_actuated(pod, wanted)
    return Progress(State.DONE) if is_done else Progress(State.WAITING, _unsure(pod))


def pending_resize(pod: Pod) -> Progress | None:
    """A resize of the Pod that hangs, runs or waits for its kubelet, whoever asked for it; else None.

    A kubelet that reports neither generation nor resources says nothing, which is no resize.
    """
    now = progress(pod, pod.metadata.generation, {})
    if now.state is not State.DONE:
        return now
    return None if pod.status.observedGeneration or _is_in_force(pod) else Progress(State.WAITING)


def _is_in_force(pod: Pod) -> bool:
    """Of 1.33: whether what the kubelet reports is what the spec says."""
    reported = {
        field: value
        for field, value in pod.values().items()
        if (status := pod.container_status(field.container)) and _reports(status, field)
    }
    return _is_allocated(pod, reported) and _is_actuated(pod, reported)


def _reports(status: ContainerStatus, field: Field) -> bool:
    if field.side == "requests":
        return field.resource in (status.allocatedResources or {})
    return status.resources is not None and field.resource in (status.resources.limits or {})


def _current(pod: Pod, name: str, generation: int, before: Pod | None) -> Condition | None:
    """The condition, unless it is of an earlier spec, or may be.

    Without a generation the message says nothing: it changes with what else is on the Node.
    """
    found, old = pod.condition(name), before and before.condition(name)
    if found and found.observedGeneration:
        return found if found.observedGeneration >= generation else None
    is_old = (
        found and old and (found.reason, found.lastTransitionTime) == (old.reason, old.lastTransitionTime)
    )
    return None if is_old else found


def _unsure(pod: Pod) -> str:
    """Of 1.33: a condition that was there before the resize, and may be about this one too."""
    for found in filter(None, map(pod.condition, (PENDING, IN_PROGRESS))):
        if not found.observedGeneration:
            says = f"{found.reason or found.type}: {found.message}"
            return f"it says {says}, as before, which may be about this resize or an earlier one"
    return ""


def _of(state: State, condition: Condition) -> Progress:
    return Progress(state, condition.message, condition.lastTransitionTime or "")


def _is_allocated(pod: Pod, wanted: Values) -> bool:
    """Whether the kubelet has accepted all requests."""
    for field, value in wanted.items():
        status = pod.container_status(field.container)
        if field.side == "requests" and status is not None and status.state.running:
            allocated = status.allocatedResources or {}
            if milli(allocated.get(field.resource)) != value.milli:
                return False
    return True


def _is_actuated(pod: Pod, wanted: Values) -> bool:
    """Whether all limits are in force in the containers. Requests are not compared: shares are rounded."""
    for field, value in wanted.items():
        status = pod.container_status(field.container)
        if field.side == "limits" and status is not None and status.state.running:
            limits = (status.resources.limits if status.resources else None) or {}
            tolerance = _CPU_STEP if field.resource == "cpu" else 0
            if abs(milli(limits.get(field.resource)) - value.milli) > tolerance:
                return False
    return True
