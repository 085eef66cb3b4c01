"""Carry out a plan: batch after batch, as long as all goes as wanted.

However it ends, the spec of each Pod has either its old values or its new ones: one request changes all
values of a Pod, and one takes them back.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from webhook.resize.batch_run import BatchRun
from webhook.resize.batches import next_batch
from webhook.resize.plan import Plan, PodPlan
from webhook.resize.progress import pending_resize
from webhook.resize.results import Outcome, Result, Why
from webhook.resize.sending import Clock, Pods, Report
from webhook.resize.settings import Settings


class Run:
    """`results` has those of Pods that are done, also when `execute` is interrupted."""

    def __init__(
        self,
        pods: Pods,
        settings: Settings,
        report: Report = lambda *_: None,
        clock: Clock = time.monotonic,
    ) -> None:
        self._settings = settings
        self._batch = BatchRun(pods, settings, report, clock)
        self._plan = Plan()

    @property
    def results(self) -> dict[str, Result]:
        """By uid."""
        return self._batch.results

    def execute(self, plan: Plan) -> list[Result]:
        """Of all Pods of the plan. After a result that is not as wanted, no further batch is begun."""
        self._plan = plan
        stopped = ""
        for chosen in self._batches():
            self._batch.execute(chosen)
            failed = [each for each in chosen if not self.results[each.pod.uid].is_as_wanted]
            if failed:
                names = ", ".join(each.pod.name for each in failed)
                stopped = f"stopped after {names}"
                break
        return self._all(stopped)

    def interrupted(self) -> list[Result]:
        """Of all Pods of the plan, as far as is known when `execute` is interrupted."""
        self._batch.interrupted()
        return self._all("stopped by an interrupt")

    def _batches(self) -> Iterator[tuple[PodPlan, ...]]:
        """First the Pods that an earlier run has resized, and whose kubelets have not done it yet.

        Then a few until one of them shows that it works, as those that are gone do not; then more.
        """
        earlier = tuple(each for each in self._plan.pods if not each.changes and pending_resize(each.pod))
        if earlier:
            yield earlier
        due = list(self._plan.due)
        canary, batch = self._settings.canary, self._settings.batch(len(due))
        shown = False
        while due:
            chosen = next_batch(due, batch if shown else canary)
            due = [each for each in due if each not in chosen]
            yield chosen
            shown = shown or any(self.results[each.pod.uid].outcome.is_resized for each in chosen)

    def _all(self, stopped: str) -> list[Result]:
        for each in self._plan.pods:
            self.results.setdefault(each.pod.uid, untouched(self._plan, each, stopped))
        return [self.results[each.pod.uid] for each in self._plan.pods]


def untouched(plan: Plan, each: PodPlan, stopped: str) -> Result:
    """Of a Pod of the plan that was not resized; `stopped` says why if nothing is against it."""
    if each.is_gone:
        return Result(plan=each, outcome=Outcome.GONE)
    if each.left_out:
        why = each.left_out
        return Result(plan=each, outcome=Outcome.UNCHANGED, reason=why.reason, message=why.detail)
    refusals = (*plan.refusals, *each.refusals) if each.changes else each.refusals
    if refusals:
        first = refusals[0]
        return Result(plan=each, outcome=Outcome.REFUSED, reason=first.reason, message=first.detail)
    if each.changes:
        return Result(plan=each, outcome=Outcome.UNCHANGED, reason=Why.STOPPED, message=stopped)
    return Result(plan=each, outcome=Outcome.UNCHANGED)
