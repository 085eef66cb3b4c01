"""What was reviewed is written down a moment after it was answered: counters, and a log line each.

Nobody waits for either, and many together cost half of what each by itself costs.
"""

from __future__ import annotations

import asyncio
import logging

from msgspec import Struct

from webhook.engine.evaluate import Decision
from webhook.model.pod import NO_METADATA, PodView
from webhook.model.subject import controller_kind
from webhook.model.words import NAME_LENGTH, cut
from webhook.server import wire
from webhook.server.log import ReviewLine, write_reviews
from webhook.server.metrics import Metrics

_REVIEWS = logging.getLogger("podtailor.review")
_WAIT_SECONDS = 0.05
# What waits is held in memory, and whoever comes while it is written waits for all of it.
_MOST = 32


class Reviewed(Struct, frozen=True, gc=False):
    """One review, answered."""

    request: wire.AdmissionRequest
    pod: PodView | None
    decision: Decision
    result: str
    ops: int
    """In its patch."""
    seconds: float
    """It took."""
    at: float
    """Unix time."""


class Ledger:
    """In the event loop's thread. `flush` before somebody looks at the counters, and at the end."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._waiting: list[Reviewed] = []

    def add(self, reviewed: Reviewed) -> None:
        self._waiting.append(reviewed)
        if len(self._waiting) == 1:
            asyncio.get_running_loop().call_later(_WAIT_SECONDS, self.flush)
        elif len(self._waiting) >= _MOST:
            self.flush()

    def flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            dry_run = bool(each.request.dryRun)
            self._metrics.counted(each.result, dry_run=dry_run)
            self._metrics.decided(each.decision, dry_run=dry_run)
            self._metrics.took(each.seconds)
        if waiting and _REVIEWS.isEnabledFor(logging.INFO):
            write_reviews([(each.at, _line(each)) for each in waiting])


def _line(reviewed: Reviewed) -> ReviewLine:
    request, decision = reviewed.request, reviewed.decision
    metadata = (reviewed.pod and reviewed.pod.metadata) or NO_METADATA
    owner = controller_kind(metadata)
    return ReviewLine(
        uid=cut(request.uid, NAME_LENGTH),
        result=reviewed.result,
        ms=round(reviewed.seconds * 1000, 3),
        namespace=cut(request.namespace or "", NAME_LENGTH),
        # Names are validated after webhooks are called: these may be anything yet.
        pod=cut(metadata.name or metadata.generateName or "", NAME_LENGTH),
        owner=owner and cut(owner, NAME_LENGTH),
        types=decision.types,
        policies=tuple([policy.name for policy in decision.enforced]),
        mode=decision.mode.lower(),
        ops=reviewed.ops,
        left_alone=decision.left_alone,
        would_change=tuple(wire.would_change(decision)),
        warnings=decision.warnings,
        dry_run=bool(request.dryRun),
    )
