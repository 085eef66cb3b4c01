"""Give Pods their new values, and their old ones again, whatever the API server answers."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Protocol

from webhook.errors import ClusterError
from webhook.resize.plan import PodPlan, is_gone
from webhook.resize.pod import Pod, Values
from webhook.resize.results import Outcome
from webhook.resize.sent import Because, Sent


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
# How long an answer that was lost is looked for in the watch, and a way back is tried again.
_FAILURE_SECONDS = 10


class NotSentError(Exception):
    """A Pod that was not resized, or of which nobody knows."""

    def __init__(self, outcome: Outcome, because: Because) -> None:
        super().__init__(because.message)
        self.outcome = outcome
        self.because = because


class Sender:
    def __init__(self, pods: Pods, seconds: float, report: Report, clock: Clock) -> None:
        """`seconds`: how long to wait for a PodDisruptionBudget."""
        self._pods = pods
        self._seconds = seconds
        self._report = report
        self._clock = clock

    def new_values(self, each: PodPlan) -> Sent:
        """Raises NotSentError."""
        try:
            blocked = self._blocked(each)
            if blocked:
                raise NotSentError(Outcome.REFUSED, Because("disruption-budget", blocked))
            begun = self._clock()
            stored = self._pods.resize(each.pod, each.after)
        except ClusterError as error:
            if is_gone(error):
                raise NotSentError(Outcome.GONE, Because()) from error
            if 0 < error.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                raise NotSentError(Outcome.REFUSED, Because("api-server", str(error))) from error
            found = self._found(each)
            if found is None:
                message = f"{error}; whether it was resized is unknown"
                raise NotSentError(Outcome.ERROR, Because("api-server", message)) from error
            stored = found
        return Sent(plan=each, stored=stored, seen=stored, begun=begun, asked=begun, wanted=each.after)

    def old_values(self, each: PodPlan) -> Pod:
        """The Pod as stored. What may be a moment's failure is tried again. Raises ClusterError."""
        until = self._clock() + _FAILURE_SECONDS
        while True:
            try:
                return self._pods.resize(each.pod, each.before)
            except ClusterError as error:
                is_final = error.status not in (0, HTTPStatus.CONFLICT) and error.status < 500  # noqa: PLR2004
                if is_final or self._clock() >= until:
                    raise
            self._wait(1)

    def _blocked(self, each: PodPlan) -> str:
        """Wait until its containers may restart. Returns what still forbids it. Raises ClusterError."""
        deadline = self._clock() + self._seconds
        while True:
            blocked = self._pods.disruption_refused(each.pod) if each.restarts else ""
            remaining = deadline - self._clock()
            if not blocked or remaining <= 0:
                return blocked
            self._report(each, blocked)
            self._wait(min(remaining, _BUDGET_SECONDS))

    def _found(self, each: PodPlan) -> Pod | None:
        """The Pod with its new values, if the request was stored and its answer was lost."""
        until = self._clock() + _FAILURE_SECONDS
        while True:
            pod = self._pods.get(each.pod.name)
            if pod and pod.uid == each.pod.uid and has(pod, each.after):
                return pod
            if self._clock() >= until:
                return None
            self._pods.wait(until - self._clock())

    def _wait(self, seconds: float) -> None:
        """The whole time, whatever changes."""
        until = self._clock() + seconds
        while (remaining := until - self._clock()) > 0:
            self._pods.wait(remaining)


def has(pod: Pod, values: Values) -> bool:
    present = pod.values()
    return all(field in present and present[field].milli == value.milli for field, value in values.items())
