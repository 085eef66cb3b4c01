"""How far a kubelet has come, by what its version says of it."""

from __future__ import annotations

import pytest

from tests.resize.pods import EQUAL, SIZED, manifest, read
from tests.support.pods import Json, yaml
from webhook.model.quantity import of_milli
from webhook.resize.pod import Field, Values
from webhook.resize.progress import Progress, State, pending_resize, progress

_WANTED: Values = {
    Field("app", "requests", "cpu"): of_milli(200),
    Field("app", "limits", "cpu"): of_milli(404),
}
_DEFERRED = "{type: PodResizePending, status: 'True', reason: Deferred, message: not enough cpu"
_INFEASIBLE = "{type: PodResizePending, status: 'True', reason: Infeasible, message: never"
_RUNS = "{type: PodResizeInProgress, status: 'True'"
_FAILS = "{type: PodResizeInProgress, status: 'True', reason: Error, message: below usage"
_OLD = "{allocatedResources: {cpu: 100m}, resources: {limits: {cpu: 300m}}}"
_ALLOCATED = "{allocatedResources: {cpu: 200m}, resources: {limits: {cpu: 300m}}}"
_NEW = "{allocatedResources: {cpu: 200m}, resources: {limits: {cpu: 410m}}}"


def _pod(observed: int, app: str, conditions: str = "", generation: int = 3) -> Json:
    made = manifest(metadata=f"{{name: p, generation: {generation}}}", app=app)
    made["status"]["conditions"] += yaml(f"[{conditions}]")
    made["status"]["observedGeneration"] = observed
    return made


@pytest.mark.parametrize(
    ("pod", "expected"),
    [
        # 1.34 and later: observedGeneration tells.
        pytest.param(_pod(2, _OLD), Progress(State.WAITING), id="1.34: not seen yet"),
        pytest.param(_pod(2, _OLD, generation=2), Progress(State.WAITING), id="1.34: of before the resize"),
        pytest.param(_pod(3, _OLD), Progress(State.WAITING), id="1.34: seen, and not allocated yet"),
        pytest.param(_pod(3, _ALLOCATED, f"{_RUNS}, observedGeneration: 3}}"), Progress(State.IN_PROGRESS), id="1.34: allocated"),
        pytest.param(_pod(3, _NEW), Progress(State.DONE), id="1.34: done, though the CPU limit is rounded"),
        pytest.param(_pod(4, _NEW), Progress(State.DONE), id="1.34: done, and changed again otherwise"),
        pytest.param(
            _pod(3, _OLD, f"{_DEFERRED}, observedGeneration: 3, lastTransitionTime: '2026-01-01T00:00:00Z'}}"),
            Progress(State.DEFERRED, "not enough cpu", "2026-01-01T00:00:00Z"), id="1.34: deferred",
        ),
        pytest.param(_pod(3, _OLD, f"{_INFEASIBLE}, observedGeneration: 3}}"), Progress(State.INFEASIBLE, "never"), id="1.34: infeasible"),
        pytest.param(_pod(3, _ALLOCATED, f"{_FAILS}, observedGeneration: 3}}"), Progress(State.ERROR, "below usage"), id="1.34: error"),
        pytest.param(_pod(2, _OLD, f"{_INFEASIBLE}, observedGeneration: 2}}"), Progress(State.WAITING), id="1.34: infeasible was the one before"),
        pytest.param(_pod(3, _OLD, f"{_FAILS}, observedGeneration: 2}}"), Progress(State.WAITING), id="1.34: the error was of the one before"),
        pytest.param(
            _pod(3, _ALLOCATED, f"{_FAILS}, observedGeneration: 2}}, {_DEFERRED}, observedGeneration: 3}}"),
            Progress(State.DEFERRED, "not enough cpu"), id="1.34: both, the pending one is the newer",
        ),
        pytest.param(
            _pod(3, _ALLOCATED, f"{_RUNS}, observedGeneration: 3}}, {_INFEASIBLE}, observedGeneration: 2}}"),
            Progress(State.IN_PROGRESS), id="1.34: both, the pending one is stale",
        ),
        pytest.param(
            _pod(3, _ALLOCATED, f"{_RUNS}, observedGeneration: 3}}, {_DEFERRED}, observedGeneration: 3}}"),
            Progress(State.DEFERRED, "not enough cpu"), id="1.34: both, and the pending one decides",
        ),
        pytest.param(
            _pod(3, _NEW, "{type: PodResizePending, status: 'False', reason: Infeasible}"), Progress(State.DONE),
            id="1.34: a condition that is not true",
        ),
        # 1.33: only the values and conditions without a generation.
        pytest.param(_pod(0, _OLD), Progress(State.WAITING), id="1.33: not seen yet"),
        pytest.param(_pod(0, _ALLOCATED), Progress(State.WAITING), id="1.33: allocated, the limit is the old one"),
        pytest.param(_pod(0, _NEW), Progress(State.DONE), id="1.33: done, though the CPU limit is rounded"),
        pytest.param(_pod(0, _OLD, f"{_DEFERRED}}}"), Progress(State.DEFERRED, "not enough cpu"), id="1.33: deferred"),
        pytest.param(_pod(0, _OLD, f"{_INFEASIBLE}}}"), Progress(State.INFEASIBLE, "never"), id="1.33: infeasible"),
        pytest.param(_pod(0, _ALLOCATED, f"{_FAILS}}}"), Progress(State.ERROR, "below usage"), id="1.33: error"),
        pytest.param(_pod(0, _ALLOCATED, f"{_RUNS}}}"), Progress(State.IN_PROGRESS), id="1.33: in progress"),
        pytest.param(_pod(0, _NEW, f"{_INFEASIBLE}}}", generation=2), Progress(State.WAITING), id="1.33: of before the resize"),
        pytest.param(
            _pod(0, "{state: {waiting: {reason: CrashLoopBackOff}}, allocatedResources: {}, resources: {}}"),
            Progress(State.DONE), id="1.33: a container that does not run has nothing to show",
        ),
    ],
)  # fmt: skip
def test_progress(pod: Json, expected: Progress) -> None:
    assert progress(read(pod), 3, _WANTED) == expected


def test_condition_of_1_33_that_was_there_before_is_not_of_this_resize() -> None:
    before = read(_pod(0, _OLD, f"{_INFEASIBLE}}}", generation=2))
    same = read(_pod(0, _OLD, f"{_INFEASIBLE}}}"))
    assert progress(same, 3, _WANTED, before).state is State.WAITING
    now = read(_pod(0, _OLD, f"{_INFEASIBLE} either}}"))
    message = "it says Infeasible: never either, as before, which may be about this resize or an earlier one"
    assert progress(now, 3, _WANTED, before) == Progress(State.WAITING, message), (
        "messages change by themselves"
    )
    later = read(_pod(0, _OLD, f"{_INFEASIBLE}, lastTransitionTime: '2026-01-01T00:00:00Z'}}"))
    assert progress(later, 3, _WANTED, before).state is State.INFEASIBLE
    other = read(_pod(0, _OLD, f"{_DEFERRED}}}"))
    assert progress(other, 3, _WANTED, before).state is State.DEFERRED


@pytest.mark.parametrize(
    ("state", "message", "expected"),
    [
        (
            State.ERROR,
            "cannot decrease memory limits: attempting to set pod memory limit (1) below current usage (2)",
            True,
        ),
        (
            State.ERROR,
            "aborting attempt to set pod memory limit less than current memory usage for pod p",
            True,
        ),
        (State.ERROR, 'unable to read memory usage for pod "p"', False),
        (State.DEFERRED, "below current usage", False),
    ],
)
def test_memory_in_use_is_above_the_limit(state: State, message: str, expected: bool) -> None:
    assert Progress(state, message).is_below_usage is expected


def test_memory_limits_are_in_force_to_the_byte() -> None:
    """Of 1.33: only CPU is rounded."""
    wanted = {Field("app", "limits", "memory"): of_milli(128 * 2**20 * 1000)}
    pod = manifest(container=EQUAL)
    pod["status"]["observedGeneration"] = 0
    assert progress(read(pod), 1, wanted).state is State.DONE
    pod["status"]["containerStatuses"][0]["resources"] = {"limits": {"memory": "127Mi"}}
    assert progress(read(pod), 1, wanted).state is State.WAITING


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        pytest.param("", None, id="none"),
        pytest.param(f"{_DEFERRED}, observedGeneration: 3}}", Progress(State.DEFERRED, "not enough cpu"), id="deferred"),
        pytest.param(f"{_FAILS}, observedGeneration: 3}}", Progress(State.ERROR, "below usage"), id="error"),
        pytest.param(f"{_DEFERRED}, observedGeneration: 2}}", None, id="of an earlier spec"),
    ],
)  # fmt: skip
def test_pending_resize(conditions: str, expected: Progress | None) -> None:
    assert pending_resize(read(_pod(3, f"{{{SIZED}}}", conditions))) == expected


def test_resize_that_its_kubelet_has_not_seen_is_pending() -> None:
    waiting = Progress(State.WAITING)
    assert pending_resize(read(_pod(2, f"{{{SIZED}}}", ""))) == waiting
    of_1_33 = manifest()
    of_1_33["status"]["observedGeneration"] = 0
    assert pending_resize(read(of_1_33)) is None
    status = of_1_33["status"]["containerStatuses"][0]
    status["allocatedResources"] = {"cpu": "50m"}
    assert pending_resize(read(of_1_33)) == waiting
    del status["allocatedResources"]
    assert pending_resize(read(of_1_33)) is None, "its kubelet says nothing of requests"
    status["resources"] = {"limits": {"memory": "1Mi"}}
    assert pending_resize(read(of_1_33)) == waiting
