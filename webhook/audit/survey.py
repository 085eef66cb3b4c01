"""Look at one object after the other, and keep what the reports tell."""

from __future__ import annotations

from webhook.audit.enforcement import Enforcement
from webhook.audit.findings import Verdict
from webhook.audit.judge import Examined, judge
from webhook.audit.tally import Tally
from webhook.engine.snapshot import Snapshot


class Survey:
    def __init__(self, snapshot: Snapshot, enforcement: Enforcement, *, with_diff: bool = False) -> None:
        self._snapshot = snapshot
        self._enforcement = enforcement
        self._with_diff = with_diff
        self.tally = Tally()

    def take(self, examined: Examined) -> Verdict:
        verdict = judge(examined, self._snapshot, self._enforcement, with_diff=self._with_diff)
        self.tally.add(examined, verdict)
        return verdict
