"""JSON lines on standard error: one a review, and whatever else the process has to say."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct

_RESERVED = frozenset(vars(logging.makeLogRecord({})))


class ReviewLine(Struct, frozen=True, omit_defaults=True):
    """The record of one review: never the object, never a value from it but its name."""

    uid: str
    result: str
    ms: float
    namespace: str = ""
    pod: str = ""
    """Name, or generateName where the API server has not made the name yet."""
    owner: str | None = None
    types: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    mode: str = ""
    ops: int = 0
    left_alone: str | None = None
    would_change: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    dry_run: bool = False


class JsonFormatter(logging.Formatter):
    """A record as one JSON object: time, level, message, and what `extra` gave."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        line |= {key: value for key, value in vars(record).items() if key not in _RESERVED}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line, enc_hook=str).decode()


def configure(level: str) -> None:
    """Send everything that the process logs to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # Its lines say what ours say, in other words.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
