"""Look at one object after the other, and keep what the reports tell."""

from __future__ import annotations

from webhook.audit.enforcement import Enforcement
from webhook.audit.findings import Verdict, not_judged, problem_of
from webhook.audit.judge import Examined, judge
from webhook.audit.tally import Tally
from webhook.engine.snapshot import Snapshot
from webhook.errors import ClusterError


class Survey:
    def __init__(self, snapshot: Snapshot, enforcement: Enforcement, *, with_diff: bool = False) -> None:
        self._snapshot = snapshot
        self._enforcement = enforcement
        self._with_diff = with_diff
        self.tally = Tally()

    def take(self, examined: Examined) -> Verdict:
        """One object that cannot be judged is reported as such, and ends nothing.

        Raises ClusterError.
        """
        try:
            verdict = judge(examined, self._snapshot, self._enforcement, with_diff=self._with_diff)
        except ClusterError:
            raise
        except Exception as error:  # noqa: BLE001 (an object can hold anything)
            verdict = not_judged(problem_of(error))
        self.tally.add(examined, verdict)
        return verdict
