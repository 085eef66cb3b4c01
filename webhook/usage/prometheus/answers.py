"""What a Prometheus API answers, read with care: an answer that is not whole is none. Pure.

Shapes: https://prometheus.io/docs/prometheus/latest/querying/api/. Thanos sends `warnings` with what it could
get, VictoriaMetrics' cluster `isPartial`. `infos` speak of the form of a query, and its result is whole.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import NamedTuple

import msgspec
from msgspec import Struct

from webhook.model.notice import Notice
from webhook.model.text import truncate

_LENGTH = 300  # of a message of the server


class QueryError(Exception):
    """No answer, or half of one; the notice says why."""

    def __init__(self, notice: Notice) -> None:
        super().__init__(str(notice))
        self.notice = notice


class TooMuchError(QueryError):
    """The query asks for more than the server gives at once, or takes too long: ask for less."""


class Series(NamedTuple):
    labels: Mapping[str, str]
    points: Sequence[tuple[float, float]]
    """Time and value, oldest first."""


class _Row(Struct, frozen=True):
    metric: dict[str, str] = {}
    value: tuple[float, str] | None = None
    values: list[tuple[float, str]] | None = None


class _Data(Struct, frozen=True):
    resultType: str = ""
    result: msgspec.Raw = msgspec.Raw()


class _Answer(Struct, frozen=True):
    status: str
    data: _Data | None = None
    errorType: str = ""
    error: str = ""
    warnings: list[str] | None = None
    isPartial: bool = False


_ANSWERS = msgspec.json.Decoder(_Answer)
_ROWS = msgspec.json.Decoder(list[_Row])
# Prometheus, VictoriaMetrics, Mimir and Thanos each have their own words for it.
_TOO_MUCH = re.compile(
    r"too many (samples|points|series)|cannot (select|process) more|not enough memory|exceed|limit",
    re.IGNORECASE,
)
_TOO_SLOW = re.compile(r"time[d ]? ?out|deadline exceeded", re.IGNORECASE)
_BUSY = {
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}
_NO_ENTRY = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


def series_of(status: int, body: bytes, result_type: str) -> list[Series]:
    """The series of a whole answer. `result_type`: `vector` or `matrix`. Raises QueryError."""
    try:
        answer = _ANSWERS.decode(body)
    except msgspec.MsgspecError as error:
        raise QueryError(_no_answer(status, body)) from error
    if answer.status != "success" or not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        raise _refusal(status, answer)
    if answer.warnings or answer.isPartial:
        detail = "; ".join(answer.warnings or ()) or "isPartial: some storage did not answer"
        raise QueryError(Notice("partial-usage", truncate(detail, _LENGTH)))
    found = answer.data.resultType if answer.data else ""
    if answer.data is None or found != result_type:
        raise QueryError(Notice("unexpected-answer", f"asked for a {result_type}, got {found or 'no data'}"))
    try:
        return [_series(row, result_type) for row in _ROWS.decode(answer.data.result)]
    except (msgspec.MsgspecError, ValueError) as error:
        raise QueryError(Notice("unexpected-answer", truncate(str(error), _LENGTH))) from error


def _series(row: _Row, result_type: str) -> Series:
    """Raises ValueError."""
    points = row.values if result_type == "matrix" else row.value and [row.value]
    if not points:
        raise ValueError(f"a {result_type} with a series that has no numbers")
    return Series(row.metric, [(time, float(value)) for time, value in points])


def _no_answer(status: int, body: bytes) -> Notice:
    """What is not from this API: a login page, a proxy's error, or the first half of an answer."""
    if status in _NO_ENTRY:
        return Notice("usage-unauthorized", f"{status} {HTTPStatus(status).phrase}")
    if status in _BUSY:
        return Notice("usage-server-busy", f"{status} {HTTPStatus(status).phrase}")
    if status == HTTPStatus.OK and body.lstrip()[:1] == b"{":
        return Notice("unexpected-answer", "the JSON ends too soon, or has another shape")
    start = truncate(body.decode(errors="replace").strip().partition("\n")[0], 60)
    return Notice("not-prometheus", f"{status}, and no JSON of this API: {start!r}")


def _refusal(status: int, answer: _Answer) -> QueryError:
    detail = truncate(": ".join(filter(None, (answer.errorType, answer.error))), _LENGTH) or str(status)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return QueryError(Notice("usage-server-busy", detail))
    if answer.errorType == "timeout" or _TOO_SLOW.search(answer.error):
        return TooMuchError(Notice("usage-timeout", detail))
    if _TOO_MUCH.search(answer.error):
        return TooMuchError(Notice("too-many-samples", detail))
    if status in _NO_ENTRY:
        return QueryError(Notice("usage-unauthorized", detail))
    return QueryError(Notice("usage-server-busy" if status in _BUSY else "query-refused", detail))
