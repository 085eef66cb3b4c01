"""What was reviewed is written down a moment after it was answered: counters, and a log line each.

Nobody waits for either, and many together cost half of what each by itself costs. No Pod is kept until then:
decoded it can be many times as large as its bytes.
"""

from __future__ import annotations

import asyncio
import logging

from msgspec import Struct

from webhook.engine.evaluate import Decision
from webhook.model.pod import NO_METADATA, ObjectMeta
from webhook.model.subject import controller_kind
from webhook.model.text import MESSAGE_LENGTH, NAME_LENGTH, truncate, truncate_list
from webhook.server import wire
from webhook.server.log import ReviewLine, write_reviews
from webhook.server.metrics import Effects, Metrics

_REVIEWS = logging.getLogger("podtailor.review")
_WAIT_SECONDS = 0.05
# Reviews that wait are held in memory, and the next answer waits while they are written.
_MAX_REVIEWS = 32
# Of them all together, each some 300 bytes: most reviews have twenty.
_MAX_EFFECTS = 2000


class Answered(Struct, frozen=True, gc=False):
    result: str
    ops: int
    """In its patch."""
    seconds: float
    """It took."""
    at: float
    """Unix time."""


class Reviewed(Struct, frozen=True, gc=False):
    """One review: what its line and its counters need."""

    answered: Answered
    line: ReviewLine
    effects: Effects


class ReviewRecorder:
    """In the event loop's thread. `flush` before somebody looks at the counters, and at the end."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._waiting: list[Reviewed] = []
        self._effects = 0

    def add(self, reviewed: Reviewed) -> None:
        self._waiting.append(reviewed)
        self._effects += len(reviewed.effects)
        if len(self._waiting) >= _MAX_REVIEWS or self._effects >= _MAX_EFFECTS:
            self.flush()
        elif len(self._waiting) == 1:
            asyncio.get_running_loop().call_later(_WAIT_SECONDS, self.flush)

    def flush(self) -> None:
        waiting, self._waiting, self._effects = self._waiting, [], 0
        for each in waiting:
            self._metrics.count_review(each.answered.result, dry_run=each.line.dry_run)
            if not each.line.dry_run:
                self._metrics.took_effect(each.effects)
            self._metrics.took(each.answered.seconds)
        if waiting and _REVIEWS.isEnabledFor(logging.INFO):
            write_reviews([(each.answered.at, each.line) for each in waiting])


def line_of(
    request: wire.AdmissionRequest, metadata: ObjectMeta | None, decision: Decision, answered: Answered
) -> ReviewLine:
    """`metadata` of the Pod, where it was read: it is validated after webhooks are called."""
    metadata = metadata or NO_METADATA
    owner = controller_kind(metadata)
    return ReviewLine(
        uid=truncate(request.uid, NAME_LENGTH),
        result=answered.result,
        ms=round(answered.seconds * 1000, 3),
        namespace=truncate(request.namespace or "", NAME_LENGTH),
        pod=truncate(metadata.name or metadata.generateName or "", NAME_LENGTH),
        owner=owner and truncate(owner, NAME_LENGTH),
        types=decision.types,
        policies=truncate_list(policy.name for policy in decision.enforced),
        mode=decision.mode.lower(),
        ops=answered.ops,
        left_alone=decision.exemption and truncate(decision.exemption, MESSAGE_LENGTH),
        would_change=wire.would_change(decision),
        warnings=truncate_list(decision.warnings) if decision.warnings else (),
        dry_run=bool(request.dryRun),
    )
