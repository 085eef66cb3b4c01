"""Where the time of a review goes inside podtailor, by cProfile. Parts only: profiled calls are slow."""

from __future__ import annotations

import asyncio
import contextlib
import cProfile
import logging
import os
import pstats
from collections import Counter
from pathlib import Path

from bench import reviews
from webhook.engine.snapshot import snapshot_of
from webhook.policies.shipped import Profile, built_in
from webhook.server.metrics import Metrics
from webhook.server.reviewer import Reviewer

ROOT = Path(__file__).parent.parent


def shares(count: int = 5000) -> dict[str, float]:
    """Part of the time of so many typical reviews, by module, what it calls left out; the largest first."""
    reviewer = Reviewer(snapshot_of(built_in(Profile.STRICT)), Metrics())
    bodies = [text.encode() for text in reviews.many(reviews.recorded("typical"), count)]

    async def all_of_them() -> None:
        for body in bodies:
            await reviewer.review(body)

    profile = cProfile.Profile()
    logging.getLogger("podtailor.review").setLevel(logging.INFO)
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stderr(nowhere):
        profile.runcall(asyncio.run, all_of_them())
    found: Counter[str] = Counter()
    for (file, _, name), (_, _, own, _, _) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]  # documented, not typed
        found[_module(file, name)] += own
    total = sum(found.values())
    return {module: seconds / total for module, seconds in found.most_common()}


def _module(file: str, name: str) -> str:
    path = Path(file)
    if path.is_relative_to(ROOT / "webhook"):
        return str(path.relative_to(ROOT))
    if "site-packages" in path.parts:
        return path.parts[path.parts.index("site-packages") + 1]
    if "msgspec" in name:
        return "msgspec"
    return "the interpreter's own functions" if file == "~" else "the standard library"
