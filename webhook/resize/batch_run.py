"""Pods that are resized together: send, follow their kubelets, watch for harm, take back.

All Pods of the batch are looked at all the time: one that waits for its Node hides no harm to another.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence

from webhook.errors import ClusterError
from webhook.resize.harm import harm, have_restarted
from webhook.resize.plan import PodPlan, is_gone
from webhook.resize.pod import Field, Pod, Values
from webhook.resize.progress import Progress, State, pending_resize, progress
from webhook.resize.results import Outcome, Result, Why
from webhook.resize.sending import Clock, NotSentError, Pods, Report, Sender, has
from webhook.resize.sent import Because, Sent
from webhook.resize.settings import OnDeferred, OnInfeasible, Settings

_NO_REASON = Because()


class BatchRun:
    """`execute` ends once each Pod has a result."""

    def __init__(self, pods: Pods, settings: Settings, report: Report, clock: Clock = time.monotonic) -> None:
        self.results: dict[str, Result] = {}
        """By uid."""
        self._sending: PodPlan | None = None
        self._sent: list[Sent] = []
        """Of this batch."""
        self._pods = pods
        self._sender = Sender(pods, settings.timeout, report, clock)
        self._settings = settings
        self._report = report
        self._clock = clock

    def execute(self, chosen: Sequence[PodPlan]) -> None:
        """Pods without a change are followed: an earlier run has resized them, and its kubelet has not."""
        self._sent = []
        for plan in chosen:
            self.results.pop(plan.pod.uid, None)
            self._start(plan)
        while open_ := [*self._open()]:
            for each in open_:
                self._look(each)
            self._look_for_harm()
            for each in self._open():
                self._settle(each)
            deadlines = [self._deadline(each) for each in self._open()]
            # One may have passed while others were taken back.
            if deadlines and (seconds := min(deadlines) - self._clock()) > 0:
                self._pods.wait(seconds)

    def interrupted(self) -> None:
        """Give a result to the Pods that have none yet, as far as they had come."""
        if self._sending:
            message = "it has new values, or is about to have them, and what its kubelet does is not known"
            self._interrupt(self._sending, Outcome.ERROR, message)
        for each in self._open():
            if each.back:
                message = f"{each.back.message}; it has its old values again, or is about to have them"
                self._interrupt(each.plan, Outcome.ERROR, message)
            elif each.is_done:
                seconds = round((each.done or 0.0) - each.begun, 1)
                self._interrupt(each.plan, _done(each), "it was not watched to the end", seconds)
            else:
                message = "it has new values, and its kubelet has not done them yet"
                self._interrupt(each.plan, Outcome.ERROR, message)

    def _interrupt(self, each: PodPlan, outcome: Outcome, message: str, seconds: float = 0.0) -> None:
        result = Result(plan=each, outcome=outcome, reason=Why.INTERRUPTED, message=message, seconds=seconds)
        self.results.setdefault(each.pod.uid, result)

    def _open(self) -> Iterator[Sent]:
        return (each for each in self._sent if each.plan.pod.uid not in self.results)

    def _start(self, each: PodPlan) -> None:
        now = self._clock()
        if not each.changes:
            sent = Sent(plan=each, stored=each.pod, seen=each.pod, begun=now, asked=now, wanted={})
            sent.is_ours, sent.is_watched = False, True
            self._sent.append(sent)
            return
        self._sending = each
        try:
            self._sent.append(self._sender.new_values(each))
        except NotSentError as error:
            self._finish(each, error.outcome, now, error.because)
        self._sending = None

    def _look_for_harm(self) -> None:
        """If one Pod is harmed, all go back that have new values and are not watched to the end.

        Not those of an earlier run: how they were before is not known.
        """
        new = [each for each in self._open() if not each.back]
        found = {each.plan.pod.uid: sentence for each in new if (sentence := self._harm(each))}
        if not found:
            return
        because = Because(Why.HARM, next(iter(found.values())))
        for each in [*new, *self._kept()]:
            if each.is_ours or each.plan.pod.uid in found:
                self.results.pop(each.plan.pod.uid, None)
                self._take_back(each, because)

    def _kept(self) -> Iterable[Sent]:
        """Those of this batch whose kubelets were given up, and may do it any time."""
        reasons = (Why.DEFERRED, Why.TIMED_OUT)
        results = ((each, self.results.get(each.plan.pod.uid)) for each in self._sent if not each.back)
        return [each for each, result in results if result and result.reason in reasons]

    def _harm(self, each: Sent) -> str:
        pod = self._same(each)
        if pod is None or _is_stale(each, pod):
            return ""  # its controller has replaced it, which a resize does not cause
        must_be_ready = each.done is not None or not each.may_restart
        return harm(each.seen, pod, each.may_restart, must_be_ready=must_be_ready)

    def _look(self, each: Sent) -> None:
        """At what its kubelet says."""
        if each.is_done:
            return
        pod = self._same(each)
        now = self._progress(each, pod) if pod else Progress(State.GONE)
        if pod and not each.back:
            self._note_stage(each, pod, now)
        is_late = self._clock() >= self._deadline(each)
        if pod and not _is_stale(each, pod) and not has(pod, _values(each.stored, each.wanted)):
            because = Because(Why.CHANGED_MEANWHILE, "something else has resized it meanwhile")
            self._finish(each.plan, Outcome.ERROR, each.begun, because)
        elif each.back:
            self._look_back(each, each.back, now, is_late=is_late)
        elif now.state is State.DONE:
            each.done = self._clock()
        elif now.state is State.GONE:
            self._finish(each.plan, Outcome.GONE, each.begun)
        elif is_late or self._gives_up(each, now):
            self._give_up(each, now)
        else:
            self._report(each.plan, str(now))

    def _note_stage(self, each: Sent, pod: Pod, now: Progress) -> None:
        """What happens before its kubelet begins is not because of the resize; its time begins then."""
        has_not_seen_it = 0 < pod.status.observedGeneration < each.stored.metadata.generation
        if now.state is State.DEFERRED or (has_not_seen_it and not _is_stale(each, pod)):
            each.seen = pod
        is_deferred = now.state is State.DEFERRED
        if (each.was_deferred and not is_deferred) or (now is _STARTS and not each.starts):
            each.asked = self._clock()
        each.was_deferred, each.starts = is_deferred, each.starts or now is _STARTS

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

    def _progress(self, each: Sent, pod: Pod) -> Progress:
        if pod.is_leaving:
            return Progress(State.GONE)
        if each.is_ours:
            now = progress(pod, each.stored.metadata.generation, each.wanted, each.stored)
        else:
            now = pending_resize(pod) or Progress(State.DONE)
        if now.state is not State.DONE or each.back:
            return now
        if not have_restarted(each.seen, pod, each.plan.restarts):
            return Progress(State.IN_PROGRESS, "its container has not restarted yet")
        has_started = any(have_restarted(each.seen, pod, [name]) for name in each.may_restart)
        return _STARTS if has_started and each.seen.is_ready and not pod.is_ready else now

    def _gives_up(self, each: Sent, now: Progress) -> bool:
        """Whether there is nothing more to wait for.

        A kubelet tries again after an error. One that restarts a container kills it first, and compares the
        new limit of the Pod with what the container used before.
        """
        is_reverted = self._settings.on_deferred is OnDeferred.REVERT
        is_final = now.state is State.INFEASIBLE or (now.is_below_usage and not each.may_restart)
        return is_final or (now.state is State.DEFERRED and is_reverted)

    def _give_up(self, each: Sent, now: Progress) -> None:
        settings = self._settings
        if now is _STARTS:
            self._take_back(each, Because(Why.HARM, f"{each.plan.pod.name} is not Ready after its restart"))
        elif now.state in (State.WAITING, State.IN_PROGRESS):
            says = _SILENT if now == Progress(State.WAITING) else now
            message = f"its kubelet has not done it after {settings.timeout:g} s: {says}"
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

    def _take_back(self, each: Sent, because: Because) -> None:
        """Give the Pod its old values, as far as that can be."""
        message = because.message
        if not each.is_ours:
            message += "; it keeps its values, as an earlier run has set them, and the old ones are not known"
        elif any(change.before is None for change in each.plan.changes):
            message += "; what was added stays, as nothing can be removed from a Pod"
        pod = self._same(each)
        if not each.plan.before or (pod and pod.is_leaving):
            self._finish(each.plan, Outcome.ERROR, each.begun, Because(because.reason, message))
            return
        each.back = Because(because.reason, message)
        try:
            each.stored = self._sender.old_values(each.plan)
        except ClusterError as error:
            if is_gone(error):
                self._finish(each.plan, Outcome.GONE, each.begun)
            else:
                message = f"{message}; it could not be taken back: {error}"
                self._finish(each.plan, Outcome.ERROR, each.begun, Because(because.reason, message))
            return
        each.wanted, each.asked = each.plan.before, self._clock()

    def _settle(self, each: Sent) -> None:
        """Finish a Pod whose kubelet has done it once it was watched long enough."""
        if not each.is_done:
            return
        if self._clock() < self._deadline(each):
            self._report(each.plan, "settling")
            return
        pod = self._same(each)
        settling = self._clock() - (each.done or 0.0)  # which is not the kubelet's time
        is_here = pod is not None and not pod.is_leaving
        self._finish(each.plan, _done(each) if is_here else Outcome.GONE, each.begun + settling)

    def _deadline(self, each: Sent) -> float:
        """When there is something to decide, whatever happens until then."""
        if each.done is not None and not each.back:
            return each.done + self._settings.settle
        return each.asked + self._settings.timeout

    def _same(self, each: Sent) -> Pod | None:
        """The Pod as it is now; None if it is gone, or another one has its name."""
        pod = self._pods.get(each.stored.name)
        if pod is None:
            return None if each.is_watched else each.stored
        is_same = pod.uid == each.stored.uid
        each.is_watched = each.is_watched or is_same
        return pod if is_same else None

    def _finish(self, each: PodPlan, outcome: Outcome, begun: float, because: Because = _NO_REASON) -> None:
        seconds = round(self._clock() - begun, 1)
        self.results[each.pod.uid] = Result(
            plan=each, outcome=outcome, reason=because.reason, message=because.message, seconds=seconds
        )
        self._report(each, "")


_STARTS = Progress(State.IN_PROGRESS, "its container starts again")
_SILENT = "it says nothing about it, so it may be down, or unable to resize Pods"
_OUTCOMES = {
    State.DEFERRED: (Outcome.DEFERRED, Why.DEFERRED),
    State.INFEASIBLE: (Outcome.INFEASIBLE, Why.INFEASIBLE),
    State.ERROR: (Outcome.ERROR, Why.KUBELET_ERROR),
}


def _values(pod: Pod, fields: Iterable[Field]) -> Values:
    present = pod.values()
    return {field: present[field] for field in fields if field in present}


def _done(each: Sent) -> Outcome:
    return Outcome.RESTARTED if each.plan.restarts else Outcome.RESIZED


def _is_stale(each: Sent, pod: Pod) -> bool:
    """Whether the watch still has it as it was before the request."""
    return pod.metadata.generation < each.stored.metadata.generation
