"""Record reviews after answering, in batches: off the request path, at half the cost.

A record keeps no Pod, which can be many times as large decoded as in bytes.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import NamedTuple

from webhook.engine.evaluate import Decision
from webhook.model.pod import NO_METADATA, ObjectMeta
from webhook.model.policy import SHIPPED
from webhook.model.subject import controller_kind
from webhook.model.text import MESSAGE_LENGTH, NAME_LENGTH, truncate, truncate_list
from webhook.server import wire
from webhook.server.log import ReviewLine, write_reviews
from webhook.server.metrics import Metrics

_REVIEWS = logging.getLogger("podtailor.review")
_WAIT_SECONDS = 0.05
# Records waiting are held in memory, and the next answer waits while they are written.
_MAX_REVIEWS = 32


class Answered(NamedTuple):
    result: str
    ops: int
    """Operations in the patch."""
    seconds: float


class ReviewRecorder:
    """Call it in the event loop. `flush` before metrics are read, and at the end."""

    def __init__(self, metrics: Metrics, matched: dict[str, int] | None = None) -> None:
        """`matched` counts real Pods by `Policy.key`, for policies that do not ship."""
        self._metrics = metrics
        self._matched = matched
        self._waiting: list[tuple[float, ReviewLine]] = []

    def add(self, line: ReviewLine, decision: Decision) -> None:
        self._metrics.count_review(line, decision)
        if self._matched is not None and not line.dry_run:
            for policy in (*decision.enforced, *decision.audited):
                if policy.origin not in SHIPPED:
                    self._matched[policy.key] = self._matched.get(policy.key, 0) + 1
        self._waiting.append((time.time(), line))
        if len(self._waiting) >= _MAX_REVIEWS:
            self.flush()
        elif len(self._waiting) == 1:
            asyncio.get_running_loop().call_later(_WAIT_SECONDS, self.flush)

    def flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        self._metrics.flush()
        if waiting and _REVIEWS.isEnabledFor(logging.INFO):
            write_reviews(waiting)


def line_of(
    request: wire.AdmissionRequest, metadata: ObjectMeta | None, decision: Decision, answered: Answered
) -> ReviewLine:
    """`metadata` of the Pod, if it was read. The API server validates it only after webhooks."""
    metadata = metadata or NO_METADATA
    owner = controller_kind(metadata)
    return ReviewLine(
        uid=truncate(request.uid, NAME_LENGTH),
        result=answered.result,
        ms=int(answered.seconds * 1_000_000) / 1000,
        namespace=truncate(request.namespace or "", NAME_LENGTH),
        pod=truncate(metadata.name or metadata.generateName or "", NAME_LENGTH),
        owner=owner and truncate(owner, NAME_LENGTH),
        types=decision.types,
        policies=truncate_list([policy.name for policy in decision.enforced]),
        mode=decision.mode.lower(),
        ops=answered.ops,
        left_alone=truncate(str(decision.exemption), MESSAGE_LENGTH) if decision.exemption else None,
        would_change=wire.would_change(decision) if decision.would_change else (),
        warnings=truncate_list(map(str, decision.warnings)) if decision.warnings else (),
        dry_run=bool(request.dryRun),
    )
