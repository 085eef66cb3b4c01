"""What one review does, and one Pod of an audit, in counts that are the same on every machine.

They are calls of functions, and memory at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
import tracemalloc
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import msgspec

from bench import reviews
from webhook.audit.enforcement import NOT_ENFORCED
from webhook.audit.summary import Auditor
from webhook.engine.snapshot import snapshot_of
from webhook.model.pod import PodView
from webhook.policies.shipped import Profile, built_in
from webhook.server.metrics import Metrics
from webhook.server.reviewer import Reviewer
from webhook.workloads.workload import Ref, Workload

# Three times as many as are recorded together, so that their part in this is counted too.
_COUNT = 96
_LOG = logging.getLogger("podtailor.review")


def of_reviews() -> dict[str, dict[str, float]]:
    """For each recorded review: calls of Python functions, calls of others, and KiB at its peak.

    All in profile strict, with images and quantities that no earlier review had; `workloads` are typical ones
    of workloads of which there have been Pods before.
    """
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stderr(nowhere):
        found = {
            size: asyncio.run(_of(reviews.many(reviews.recorded(size), 3 * _COUNT))) for size in reviews.SIZES
        }
        count = reviews.WORKLOADS + 2 * _COUNT
        found["workloads"] = asyncio.run(_of(reviews.of_workloads(reviews.recorded("typical"), count)))
        return found


def of_an_audit() -> float:
    """Calls of Python functions for a judged Pod: the typical one, in profile strict."""
    auditor = Auditor(snapshot_of(built_in(Profile.STRICT)), NOT_ENFORCED)
    texts = reviews.many(reviews.pod_of(reviews.recorded("typical")), 2 * _COUNT)
    pods = [live(msgspec.json.decode(text, type=PodView)) for text in texts]
    for pod in pods[:_COUNT]:
        auditor.judge(pod)
    calls = Counter[str]()

    def count(_: FrameType, event: str, __: object) -> None:
        calls[event] += 1

    sys.setprofile(count)
    for pod in pods[_COUNT:]:
        auditor.judge(pod)
    sys.setprofile(None)
    return round(calls["call"] / _COUNT, 1)


def live(view: PodView) -> Workload:
    """A Pod of a cluster, without an owner."""
    ref = Ref("Pod", "default", "many")
    return Workload(ref=ref, owner=ref, admitted=view, written=view, created="2026-01-01T00:00:00Z")


async def _of(texts: Sequence[str]) -> dict[str, float]:
    """The first are for imports, compiled patterns and caches; of the last, twice _COUNT, are the figures."""
    reviewer = Reviewer(snapshot_of(built_in(Profile.STRICT)), Metrics())
    bodies = [text.encode() for text in texts]
    first, second, last = bodies[: -2 * _COUNT], bodies[-2 * _COUNT : -_COUNT], bodies[-_COUNT:]
    level = _LOG.level
    _LOG.setLevel(logging.INFO)
    try:
        await _review(reviewer, first)  # imports, compiled patterns
        calls = Counter[str]()

        def count(_: FrameType, event: str, __: object) -> None:
            calls[event] += 1

        sys.setprofile(count)
        await _review(reviewer, second)
        sys.setprofile(None)
        return {
            "calls": round(calls["call"] / _COUNT, 1),
            "other_calls": round(calls["c_call"] / _COUNT, 1),
            "peak_kib": await _peak(reviewer, last),
        }
    finally:
        _LOG.setLevel(level)


async def _review(reviewer: Reviewer, bodies: list[bytes]) -> None:
    for body in bodies:
        await reviewer.review(body)
    reviewer.recorder.flush()


async def _peak(reviewer: Reviewer, bodies: list[bytes]) -> float:
    """The median of the reviews."""
    found = []
    tracemalloc.start()
    for body in bodies:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        await reviewer.review(body)
        found.append(tracemalloc.get_traced_memory()[1] - before)
    tracemalloc.stop()
    return round(sorted(found)[len(found) // 2] / 1024, 1)
