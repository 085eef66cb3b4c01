"""JSON lines on standard error: one a review, and whatever else the process has to say."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from webhook.model.text import MESSAGE_LENGTH, truncate

_RESERVED = frozenset(vars(logging.makeLogRecord({})))
# What else is logged than reviews: the problems of a policy file in one line, the frames of a deep call.
_MAX_TEXT = 4 * MESSAGE_LENGTH
_MAX_LINES = 60


class ReviewLine(Struct, frozen=True, omit_defaults=True):
    """The record of one review: never the object, never a value from it but its name."""

    uid: Annotated[str, Meta(description="Of the request: the API server's audit log has it too.")]
    result: Annotated[str, Meta(description="As in `podtailor_admission_requests_total`.")]
    ms: Annotated[float, Meta(description="Milliseconds from the whole body read to the answer ready.")]
    namespace: Annotated[str, Meta(description="Namespace of the Pod.")] = ""
    pod: Annotated[str, Meta(description="Its name, or generateName where it has no name yet.")] = ""
    owner: Annotated[str | None, Meta(description="Kind of the controlling owner.")] = None
    types: Annotated[tuple[str, ...], Meta(description="Workload types.")] = ()
    policies: Annotated[tuple[str, ...], Meta(description="Enforced policies that match.")] = ()
    mode: Annotated[str, Meta(description="Of the namespace, else of the server.")] = ""
    ops: Annotated[int, Meta(description="Operations in the patch.")] = 0
    left_alone: Annotated[str | None, Meta(description="Why no edit may touch the Pod.")] = None
    would_change: Annotated[tuple[str, ...], Meta(description="What audited policies would set.")] = ()
    warnings: Annotated[tuple[str, ...], Meta(description="What nobody understood.")] = ()
    dry_run: Annotated[bool, Meta(description="Nothing is stored: kubectl diff, Argo CD, Flux.")] = False


class _Line(Struct, frozen=True):
    time: str
    level: str
    message: str
    review: ReviewLine


def write_reviews(lines: Iterable[tuple[float, ReviewLine]]) -> None:
    """Many lines at once, each with its Unix time, as `JsonFormatter` would write them one by one."""
    encoded = [msgspec.json.encode(_Line(_said(at), "info", "review", line)) for at, line in lines]
    with suppress(OSError):  # as with every other line: nobody reads them, and Pods are created all the same
        sys.stderr.write((b"\n".join(encoded) + b"\n").decode())
        sys.stderr.flush()


def _said(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


class JsonFormatter(logging.Formatter):
    """A record as one JSON object: time, level, message, and what `extra` gave."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": _said(record.created),
            "level": record.levelname.lower(),
            "message": truncate(record.getMessage(), _MAX_TEXT),
        }
        line |= {key: _short(value) for key, value in vars(record).items() if key not in _RESERVED}
        if record.exc_info:
            line["exception"] = _trace(self.formatException(record.exc_info))
        return msgspec.json.encode(line).decode()


def _short(value: object) -> object:
    return value if value is None or isinstance(value, int | float) else truncate(str(value), _MAX_TEXT)


def _trace(text: str) -> str:
    """Its last lines: an exception may quote what came from outside."""
    return "\n".join([truncate(line, MESSAGE_LENGTH) for line in text.splitlines()[-_MAX_LINES:]])


def configure(level: str) -> None:
    """Send everything that the process logs to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # Its lines say what ours say, in other words.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    # These say what they received, Secrets included, and how often they looked.
    for name in ("kubernetes", "urllib3", "watchfiles"):
        logging.getLogger(name).setLevel(logging.WARNING)
