"""Let a replica's certificates be kept while it serves."""

from __future__ import annotations

import asyncio
import logging
import random
from datetime import UTC, datetime

from certs.keeper import Keeper, NotKeptError

log = logging.getLogger("podtailor.certs")

# Between two looks at Secret and webhook configuration: whoever takes the caBundle away is healed within it.
_SECONDS = 30.0
_FIRST_RETRY_SECONDS = 1.0


async def keep(keeper: Keeper) -> None:
    """Round after round until cancelled; sooner again after one that failed."""
    pause = _SECONDS
    while True:
        try:
            await asyncio.to_thread(keeper.round, datetime.now(UTC))
            pause = _SECONDS
        except NotKeptError as error:
            log.warning("certificates not looked after", extra={"reason": str(error)})
            pause = min(pause * 2, _SECONDS) if pause < _SECONDS else _FIRST_RETRY_SECONDS
        # Replicas that started together need not all come at once.
        await asyncio.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311 (no secret)
