"""JSON log lines on standard error: one for each review, and everything else that the process logs."""

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
# For other lines: all problems of a policy file, or a deep stack trace.
_MAX_TEXT = 4 * MESSAGE_LENGTH
_MAX_LINES = 60


class ReviewLine(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The log record of one review. Has no values from the Pod, except names."""

    uid: Annotated[str, Meta(description="UID of the request, as in the API server's audit log.")]
    result: Annotated[str, Meta(description="As in `podtailor_admission_requests_total`.")]
    ms: Annotated[float, Meta(description="Milliseconds from the complete body to the encoded answer.")]
    namespace: Annotated[str, Meta(description="Namespace of the Pod.")] = ""
    pod: Annotated[str, Meta(description="Its name, or generateName if it has no name yet.")] = ""
    owner: Annotated[str | None, Meta(description="Kind of the controlling owner.")] = None
    types: Annotated[tuple[str, ...], Meta(description="Workload types.")] = ()
    policies: Annotated[tuple[str, ...], Meta(description="Enforced policies that match.")] = ()
    mode: Annotated[str, Meta(description="Mode of the namespace, else of the server.")] = ""
    ops: Annotated[int, Meta(description="Operations in the patch.")] = 0
    left_alone: Annotated[str | None, Meta(description="Why the Pod is exempt.")] = None
    would_change: Annotated[
        tuple[str, ...], Meta(description="Fields that policies in mode Audit would set.")
    ] = ()
    warnings: Annotated[tuple[str, ...], Meta(description="Warnings of the answer.")] = ()
    dry_run: Annotated[
        bool, Meta(description="True if nothing is stored, as with kubectl diff, Argo CD and Flux.")
    ] = False


class _Line(Struct, frozen=True):
    time: str
    level: str
    message: str
    review: ReviewLine


def write_reviews(lines: Iterable[tuple[float, ReviewLine]]) -> None:
    """Write many lines at once, each with its Unix time, in the format of `JsonFormatter`."""
    encoded = [msgspec.json.encode(_Line(_timestamp(at), "info", "review", line)) for at, line in lines]
    with suppress(OSError):  # as in logging: without a log, Pods are created all the same
        sys.stderr.write((b"\n".join(encoded) + b"\n").decode())
        sys.stderr.flush()


def _timestamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


class JsonFormatter(logging.Formatter):
    """A record as one JSON object: time, level, message, and the fields of `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": _timestamp(record.created),
            "level": record.levelname.lower(),
            "message": truncate(record.getMessage(), _MAX_TEXT),
        }
        line |= {key: _truncated(value) for key, value in vars(record).items() if key not in _RESERVED}
        if record.exc_info:
            line["exception"] = _last_lines(self.formatException(record.exc_info))
        return msgspec.json.encode(line).decode()


def _truncated(value: object) -> object:
    return value if value is None or isinstance(value, int | float) else truncate(str(value), _MAX_TEXT)


def _last_lines(text: str) -> str:
    """The end of a stack trace, truncated: an exception may quote input."""
    return "\n".join([truncate(line, MESSAGE_LENGTH) for line in text.splitlines()[-_MAX_LINES:]])


def configure(level: str) -> None:
    """Write all logs of the process to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # It logs what we log already.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    # These log every response, Secrets included, and every poll.
    for name in ("kubernetes", "urllib3", "watchfiles"):
        logging.getLogger(name).setLevel(logging.WARNING)
