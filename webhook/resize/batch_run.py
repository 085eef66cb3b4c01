"""Pods that are resized together: send, follow their kubelets, watch for harm, take back.

All Pods of the batch are looked at all the time: one that waits for its Node hides no harm to another.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Protocol

from webhook.errors import ClusterError
from webhook.resize.harm import harm, have_restarted
from webhook.resize.plan import PodPlan, is_gone
from webhook.resize.pod import Pod, Values
from webhook.resize.progress import Progress, State, progress
from webhook.resize.results import Outcome, Result, Why
from webhook.resize.sent import NONE, Because, Sent
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


Report = Callable[[PodPlan, str], object]
"""Called with a Pod and what it waits for; empty once its result is final."""
Clock = Callable[[], float]
# How soon a PodDisruptionBudget that allows disruptions again is seen: no watch tells of it.
_BUDGET_SECONDS = 5


class BatchRun:
    """`execute` ends once each Pod has a result."""

    def __init__(self, pods: Pods, settings: Settings, report: Report, clock: Clock = time.monotonic) -> None:
        self.results: dict[str, Result] = {}
        """By uid."""
        self.begun: list[PodPlan] = []
        """Of which a request was sent, or of which an earlier resize is followed."""
        self._pods = pods
        self._settings = settings
        self._report = report
        self._clock = clock

    def execute(self, chosen: Sequence[PodPlan]) -> None:
        """Pods without a change are followed: an earlier run has resized them, and its kubelet has not."""
        sent = [each for each in map(self._start, chosen) if each]
        while sent := self._without_result(sent):
            for each in sent:
                self._look(each)
            self._look_for_harm(self._without_result(sent))
            left = self._without_result(sent)
            if left and not self._have_settled(left):
                self._pods.wait(max(0.0, self._next(left) - self._clock()))

    def _without_result(self, sent: Sequence[Sent]) -> list[Sent]:
        return [each for each in sent if each.plan.pod.uid not in self.results]

    def _start(self, each: PodPlan) -> Sent | None:
        """None if it is not resized; then its result is final."""
        if each.changes:
            return self._send(each)
        self.begun.append(each)
        wanted = {} if each.pod.status.observedGeneration else each.pod.values()
        now = self._clock()
        return Sent(
            plan=each, stored=each.pod, seen=each.pod, begun=now, asked=now, wanted=wanted, is_ours=False
        )

    def _send(self, each: PodPlan) -> Sent | None:
        begun = self._clock()
        try:
            blocked = self._blocked(each)
            if blocked:
                self._finish(each, Outcome.REFUSED, begun, Because("disruption-budget", blocked))
                return None
            begun = self._clock()
            self.begun.append(each)
            stored = self._pods.resize(each.pod, each.after)
        except ClusterError as error:
            self._failed(each, begun, error)
            return None
        return Sent(plan=each, stored=stored, seen=stored, begun=begun, asked=begun, wanted=each.after)

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
        if is_gone(error):
            self._finish(each, Outcome.GONE, begun)
        elif 0 < error.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            self._finish(each, Outcome.REFUSED, begun, Because("api-server", str(error)))
        else:  # it may have been stored all the same
            message = f"{error}; whether it was resized is unknown"
            self._finish(each, Outcome.ERROR, begun, Because("api-server", message))

    def _look_for_harm(self, sent: Sequence[Sent]) -> None:
        """If one Pod is harmed, all of them go back."""
        new = [each for each in sent if not each.back]
        found = next(filter(None, map(self._harm, new)), "")
        for each in new if found else ():
            self._take_back(each, Because(Why.HARM, found))

    def _harm(self, each: Sent) -> str:
        pod = self._same(each)
        if pod is None:
            return ""  # its controller has replaced it, which a resize does not cause
        must_be_ready = each.done is not None or not each.may_restart
        return harm(each.seen, pod, each.may_restart, must_be_ready=must_be_ready)

    def _look(self, each: Sent) -> None:
        """At what its kubelet says."""
        if each.is_done:
            return
        now = self._progress(each)
        is_late = self._clock() >= self._deadline(each)
        if each.back:
            self._look_back(each, each.back, now, is_late=is_late)
        elif now.state is State.DONE:
            each.done = self._clock()
        elif now.state is State.GONE:
            self._finish(each.plan, Outcome.GONE, each.begun)
        elif is_late or self._gives_up(now.state):
            self._give_up(each, now)
        else:
            if now.state is State.DEFERRED:
                each.seen = self._same(each) or each.seen
            self._report(each.plan, str(now))

    def _look_back(self, each: Sent, back: Because, now: Progress, *, is_late: bool) -> None:
        if now.state is State.GONE:
            self._finish(each.plan, Outcome.GONE, each.begun)
        elif now.state is State.DONE:
            self._finish(each.plan, Outcome.REVERTED, each.begun, back)
        elif is_late or now.state is State.INFEASIBLE:
            message = f"{back.message}; it has its old values again, which its kubelet has not done: {now}"
            self._finish(each.plan, Outcome.REVERTED, each.begun, Because(back.reason, message))
        else:
            self._report(each.plan, f"goes back: {now}")

    def _progress(self, each: Sent) -> Progress:
        pod = self._same(each)
        if pod is None:
            return Progress(State.GONE)
        before = each.stored if each.is_ours else None
        now = progress(pod, each.stored.metadata.generation, each.wanted, before)
        if now.state is not State.DONE or each.back or not each.is_ours:
            return now
        if not have_restarted(each.seen, pod, each.plan.restarts):
            return Progress(State.IN_PROGRESS, "its container has not restarted yet")
        if each.plan.restarts and each.seen.is_ready and not pod.is_ready:
            return _STARTS
        return now

    def _gives_up(self, state: State) -> bool:
        """Whether there is nothing more to wait for."""
        is_reverted = self._settings.on_deferred is OnDeferred.REVERT
        return state in (State.INFEASIBLE, State.ERROR) or (state is State.DEFERRED and is_reverted)

    def _give_up(self, each: Sent, now: Progress) -> None:
        settings = self._settings
        if now is _STARTS:
            self._take_back(each, Because(Why.HARM, f"{each.plan.pod.name} is not Ready after its restart"))
        elif now.state in (State.WAITING, State.IN_PROGRESS):
            message = f"its kubelet has not done it after {settings.timeout:g} s: {now.state}"
            self._finish(each.plan, Outcome.ERROR, each.begun, Because(Why.TIMED_OUT, message))
        elif not each.is_ours or self._keeps(now.state):
            outcome, reason = _OUTCOMES[now.state]
            self._finish(each.plan, outcome, each.begun, Because(reason, now.message))
        else:
            self._take_back(each, Because(_OUTCOMES[now.state][1], now.message))

    def _keeps(self, state: State) -> bool:
        if state is State.DEFERRED:
            return self._settings.on_deferred is OnDeferred.WAIT
        return self._settings.on_infeasible is OnInfeasible.KEEP

    def _take_back(self, each: Sent, back: Because) -> None:
        """Give the Pod its old values, as far as that can be."""
        before, message = each.plan.before, back.message
        if not each.is_ours:
            message += "; it keeps its values, as an earlier run has set them, and the old ones are not known"
        elif any(change.before is None for change in each.plan.changes):
            message += "; what was added stays, as nothing can be removed from a Pod"
        try:
            if not before:
                self._finish(each.plan, Outcome.ERROR, each.begun, Because(back.reason, message))
                return
            each.stored = self._pods.resize(each.plan.pod, before)
        except ClusterError as error:
            if is_gone(error):
                self._finish(each.plan, Outcome.GONE, each.begun)
            else:
                message = f"{message}; it could not be taken back: {error}"
                self._finish(each.plan, Outcome.ERROR, each.begun, Because(back.reason, message))
            return
        each.back = Because(back.reason, message)
        each.wanted, each.asked = before, self._clock()

    def _have_settled(self, sent: Sequence[Sent]) -> bool:
        """Whether all are done and were watched long enough; then their results are final."""
        if not all(each.is_done for each in sent):
            return False
        if self._clock() < self._next(sent):
            for each in sent:
                self._report(each.plan, "settling")
            return False
        for each in sent:
            outcome = Outcome.RESTARTED if each.plan.restarts else Outcome.RESIZED
            settling = self._clock() - (each.done or 0.0)  # which is not the kubelet's time
            self._finish(each.plan, outcome if self._same(each) else Outcome.GONE, each.begun + settling)
        return True

    def _next(self, sent: Sequence[Sent]) -> float:
        """When there is something to decide, whatever happens until then."""
        waits = [self._deadline(each) for each in sent if not each.is_done]
        return min(waits) if waits else max(each.done or 0.0 for each in sent) + self._settings.settle

    def _deadline(self, each: Sent) -> float:
        return each.asked + self._settings.timeout

    def _same(self, each: Sent) -> Pod | None:
        """The Pod as it is now; None if another one has its name."""
        pod = self._pods.get(each.stored.name)
        return pod if pod and pod.uid == each.stored.uid else None

    def _finish(self, each: PodPlan, outcome: Outcome, begun: float, why: Because = NONE) -> None:
        seconds = round(self._clock() - begun, 1)
        self.results[each.pod.uid] = Result(
            plan=each, outcome=outcome, reason=why.reason, message=why.message, seconds=seconds
        )
        self._report(each, "")


_STARTS = Progress(State.IN_PROGRESS, "its container starts again")
_OUTCOMES = {
    State.DEFERRED: (Outcome.DEFERRED, Why.DEFERRED),
    State.INFEASIBLE: (Outcome.INFEASIBLE, Why.INFEASIBLE),
    State.ERROR: (Outcome.ERROR, Why.KUBELET_ERROR),
}
