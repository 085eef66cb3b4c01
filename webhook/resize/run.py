"""Carry out a plan: patch, wait for the kubelets, watch what it does to the Pods, take back what harms.

However it ends, the spec of each Pod has either its old values or its new ones: one request changes all
values of a Pod, and one takes them back.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Protocol

from msgspec import Struct

from webhook.errors import ClusterError
from webhook.resize.batches import batches
from webhook.resize.plan import Plan, PodPlan
from webhook.resize.pod import Pod, Values
from webhook.resize.progress import Progress, State, pending_resize, progress
from webhook.resize.results import Outcome, Result
from webhook.resize.settings import OnDeferred, OnInfeasible, Settings


class Pods(Protocol):
    """The Pods of one namespace, as they are."""

    def get(self, name: str) -> Pod | None:
        """As last seen by the watch."""

    def wait(self, seconds: float) -> None:
        """Return after a change, or after that time."""

    def resize(self, pod: Pod, values: Values) -> Pod:
        """Returns the Pod as stored. Raises ClusterError."""

    def disruption_refused(self, pod: Pod) -> str:
        """Why no container of it may be restarted now: the PodDisruptionBudget that is at its limit."""


# How soon a PodDisruptionBudget that allows disruptions again is seen: no watch tells of it.
_BUDGET_SECONDS = 5
Report = Callable[[PodPlan, str], object]
"""Called with a Pod and what it waits for; empty once its result is final."""


class _Sent(Struct, frozen=True, kw_only=True):
    """A Pod that was resized."""

    plan: PodPlan
    stored: Pod
    """As the request returned it: harm is what happens afterwards."""
    begun: float


class Run:
    """`results` has those of Pods that are done, also when `execute` is interrupted."""

    def __init__(
        self,
        pods: Pods,
        settings: Settings,
        report: Report = lambda *_: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.results: dict[str, Result] = {}
        """By uid."""
        self._pods = pods
        self._settings = settings
        self._report = report
        self._clock = clock

    def execute(self, plan: Plan) -> list[Result]:
        """Of all Pods of the plan. After a result that is not as wanted, no further batch is begun."""
        due = plan.due
        stopped = ""
        for chosen in batches(due, canary=self._settings.canary, batch=self._settings.batch(len(due))):
            self._batch(chosen)
            failed = [each for each in chosen if not self.results[each.pod.uid].is_as_wanted]
            if failed:
                names = ", ".join(each.pod.name for each in failed)
                stopped = f"stopped after {names}"
                break
        for each in plan.pods:
            if each.pod.uid not in self.results:
                self.results[each.pod.uid] = self._untouched(each, plan, stopped)
        return [self.results[each.pod.uid] for each in plan.pods]

    def _untouched(self, each: PodPlan, plan: Plan, stopped: str) -> Result:
        refusals = (*plan.refusals, *each.refusals) if each.changes else each.refusals
        if refusals:
            first = refusals[0]
            return Result(plan=each, outcome=Outcome.REFUSED, reason=first.reason, message=first.detail)
        if each.changes:
            return Result(plan=each, outcome=Outcome.UNCHANGED, reason="stopped", message=stopped)
        return self._in_flight(each)

    def _in_flight(self, each: PodPlan) -> Result:
        """Of a Pod that has its values already: an earlier resize may still hang."""
        hanging = pending_resize(each.pod)
        if hanging is None:
            return Result(plan=each, outcome=Outcome.UNCHANGED)
        begun = self._clock()
        now = self._wait(_Sent(plan=each, stored=each.pod, begun=begun), {})
        if now.state is State.DONE:
            return self._result(each, Outcome.RESIZED, begun)
        return self._result(each, _OUTCOMES[now.state], begun, _REASONS[now.state], now.message)

    def _batch(self, chosen: Sequence[PodPlan]) -> None:
        sent = [each for each in map(self._send, chosen) if each]
        done = [each for each in sent if self._follow(each)]
        settles_since = self._clock()
        harm = self._settle(done) if done else ""
        for each in done:
            if harm:
                self._take_back(each, "harm", harm)
            else:
                outcome = Outcome.RESTARTED if each.plan.restarts else Outcome.RESIZED
                settling = self._clock() - settles_since  # which is not the kubelet's time
                self._finish(each.plan, outcome, each.begun + settling)

    def _send(self, each: PodPlan) -> _Sent | None:
        """None if it is not resized; then its result is final."""
        begun = self._clock()
        try:
            blocked = self._blocked(each)
            if blocked:
                self._finish(each, Outcome.REFUSED, begun, "disruption-budget", blocked)
                return None
            begun = self._clock()
            return _Sent(plan=each, stored=self._pods.resize(each.pod, each.after), begun=begun)
        except ClusterError as error:
            self._failed(each, begun, error)
            return None

    def _blocked(self, each: PodPlan) -> str:
        """Wait until its containers may restart. Returns what still forbids it. Raises ClusterError."""
        deadline = self._clock() + self._settings.timeout
        while True:
            blocked = self._pods.disruption_refused(each.pod) if each.restarts else ""
            remaining = deadline - self._clock()
            if not blocked or remaining <= 0:
                return blocked
            self._report(each, blocked)
            self._pods.wait(min(remaining, _BUDGET_SECONDS))

    def _failed(self, each: PodPlan, begun: float, error: ClusterError) -> None:
        if _is_gone(error):
            self._finish(each, Outcome.GONE, begun)
        elif 0 < error.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            self._finish(each, Outcome.REFUSED, begun, "api-server", str(error))
        else:  # it may have been stored all the same
            message = f"{error}; whether it was resized is unknown, so run the command again"
            self._finish(each, Outcome.ERROR, begun, "api-server", message)

    def _follow(self, each: _Sent) -> bool:
        """Whether the kubelet has done it; otherwise its result is final."""
        now = self._wait(each, each.plan.after)
        settings = self._settings
        match now.state:
            case State.DONE:
                return True
            case State.GONE:
                self._finish(each.plan, Outcome.GONE, each.begun)
            case State.DEFERRED if settings.on_deferred is OnDeferred.WAIT:
                self._finish(each.plan, Outcome.DEFERRED, each.begun, _REASONS[now.state], now.message)
            case State.WAITING | State.IN_PROGRESS:
                message = f"its kubelet has not done it after {settings.timeout:g} s: {now.state}"
                self._finish(each.plan, Outcome.ERROR, each.begun, "timed-out", message)
            case _ if now.state is not State.DEFERRED and settings.on_infeasible is OnInfeasible.KEEP:
                outcome, reason = _OUTCOMES[now.state], _REASONS[now.state]
                self._finish(each.plan, outcome, each.begun, reason, now.message)
            case _:
                self._take_back(each, _REASONS[now.state], now.message)
        return False

    def _wait(self, each: _Sent, wanted: Values) -> Progress:
        """Until it is done, or there is nothing more to wait for."""
        deadline = each.begun + self._settings.timeout
        generation, before = each.stored.metadata.generation, each.stored if wanted else None
        while True:
            pod = self._same(each)
            now = progress(pod, generation, wanted, before) if pod else Progress(State.GONE)
            if pod and now.state is State.DONE and not _has_restarted(each, pod):
                now = Progress(State.IN_PROGRESS, "its container starts again")
            gives_up = now.state is State.ERROR or (
                now.state is State.DEFERRED and self._settings.on_deferred is OnDeferred.REVERT
            )
            remaining = deadline - self._clock()
            if now.state.is_final or gives_up or remaining <= 0:
                return now
            self._report(each.plan, f"{now.state}: {now.message}" if now.message else str(now.state))
            self._pods.wait(remaining)

    def _settle(self, done: Sequence[_Sent]) -> str:
        """Watch the Pods for a while. Returns what harm it did; empty if it did none."""
        until = self._clock() + self._settings.settle
        while True:
            harm = next(filter(None, map(self._harm, done)), "")
            remaining = until - self._clock()
            if harm or remaining <= 0:
                return harm
            for each in done:
                self._report(each.plan, "settling")
            self._pods.wait(remaining)

    def _harm(self, each: _Sent) -> str:
        pod = self._same(each)
        if pod is None:
            return ""  # its controller has replaced it, which a resize does not cause
        for before in each.stored.container_statuses():
            now = pod.container_status(before.name)
            expected = before.restartCount + (before.name in each.plan.restarts)
            if now and now.restartCount > expected:
                last = now.lastState.terminated
                why = f" ({last.reason})" if last and last.reason else ""
                return f"{pod.name}: {before.name} has restarted{why}"
        return f"{pod.name} is no longer Ready" if each.stored.is_ready and not pod.is_ready else ""

    def _same(self, each: _Sent) -> Pod | None:
        """The Pod as it is now; None if another one has its name."""
        pod = self._pods.get(each.stored.name)
        return pod if pod and pod.uid == each.stored.uid else None

    def _take_back(self, each: _Sent, reason: str, message: str) -> None:
        """Give the Pod its old values."""
        before = each.plan.before
        outcome = Outcome.REVERTED if before else Outcome.ERROR
        if any(change.before is None for change in each.plan.changes):
            message += "; what was added stays, as nothing can be removed from a Pod"
        try:
            if before:
                self._pods.resize(each.plan.pod, before)
        except ClusterError as error:
            if _is_gone(error):
                outcome, reason, message = Outcome.GONE, "", ""
            else:
                outcome, message = Outcome.ERROR, f"{message}; it could not be taken back: {error}"
        self._finish(each.plan, outcome, each.begun, reason, message)

    def _finish(
        self, each: PodPlan, outcome: Outcome, begun: float, reason: str = "", message: str = ""
    ) -> None:
        self.results[each.pod.uid] = self._result(each, outcome, begun, reason, message)
        self._report(each, "")

    def _result(
        self, each: PodPlan, outcome: Outcome, begun: float, reason: str = "", message: str = ""
    ) -> Result:
        seconds = round(self._clock() - begun, 1)
        return Result(plan=each, outcome=outcome, reason=reason, message=message, seconds=seconds)


_OUTCOMES = {
    State.DEFERRED: Outcome.DEFERRED,
    State.INFEASIBLE: Outcome.INFEASIBLE,
    State.ERROR: Outcome.ERROR,
    State.WAITING: Outcome.ERROR,
    State.IN_PROGRESS: Outcome.ERROR,
    State.GONE: Outcome.GONE,
}
_REASONS = {
    State.DEFERRED: "deferred",
    State.INFEASIBLE: "infeasible",
    State.ERROR: "kubelet-error",
    State.WAITING: "timed-out",
    State.IN_PROGRESS: "timed-out",
    State.GONE: "",
}


def _is_gone(error: ClusterError) -> bool:
    """It was deleted, or another Pod has its name: the uid is a precondition."""
    is_another = error.status == HTTPStatus.UNPROCESSABLE_ENTITY and "field is immutable" in str(error)
    return is_another or error.status == HTTPStatus.NOT_FOUND


def _has_restarted(each: _Sent, pod: Pod) -> bool:
    """Whether the containers that were to restart have, and run again; and the Pod is Ready if it was."""
    for name in each.plan.restarts:
        before, now = each.stored.container_status(name), pod.container_status(name)
        if before and now and now.restartCount <= before.restartCount:
            return False
    return not each.plan.restarts or pod.is_ready or not each.stored.is_ready
