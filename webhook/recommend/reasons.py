"""The reason that decided a size: a name that stays the same, and a sentence with its Pod and hour. Pure.

Times are UTC, and neither they nor amounts depend on locale or zone of the machine.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum

from msgspec import Struct

from webhook.model.quantity import of_milli
from webhook.recommend.evidence import Value
from webhook.recommend.owner import Size
from webhook.usage.measured import AUTOSCALER


class Name(StrEnum):
    """`messages/recommendations.py` says what each means."""

    QUANTILE = "quantile"
    PEAK = "peak"
    OOM_KILLED = "oom-killed"
    THROTTLED = "throttled"
    CUT_OFF = "cut-off"
    KEEPS_MEMORY = "keeps-memory"
    AUTOSCALED = "autoscaled"
    AUTOSCALERS_UNKNOWN = "autoscalers-unknown"
    VERTICALLY_SCALED = "vertically-scaled"
    POD_LEVEL = "pod-level"
    RAISES_ONLY = "raises-only"
    SMALL_CHANGE = "small-change"
    MAX_SHRINK = "max-shrink"
    LIMIT_RANGE = "limit-range"
    DOES_NOT_FIT = "does-not-fit"
    KEEPS_QOS = "keeps-qos"
    FEW_RUNS = "few-runs"
    NOT_MEASURED = "not-measured"
    NO_ANSWER = "no-answer"


UNJUDGED = (Name.FEW_RUNS, Name.NOT_MEASURED, Name.NO_ANSWER)
"""With these nothing is recommended, because nothing is known."""


class Reason(Struct, frozen=True, omit_defaults=True):
    name: Name
    detail: str
    pod: str = ""
    at: float | None = None
    """Seconds since 1970."""

    def __str__(self) -> str:
        return self.detail


_MI = 2**20 * 1000
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def moment(at: float) -> str:
    """`14 Sep 03:10`, UTC."""
    time = datetime.fromtimestamp(at, UTC)
    return f"{time.day} {_MONTHS[time.month - 1]} {time.hour:02}:{time.minute:02}"


def shown(milli: int, resource: str) -> str:
    """Measured amounts are rounded for people: memory to whole Mi."""
    return f"{-(-milli // _MI)}Mi" if resource == "memory" and milli % _MI else of_milli(milli).text


def percent(thousandths: int) -> str:
    """`15` for 150: of a margin or a share."""
    return f"{thousandths / 10:g} %"


def _more(margin_milli: int) -> str:
    """`, and 15 %` for a margin of 1.15."""
    more = margin_milli - 1000
    return f", and {percent(more)}" if more else ""


def _target(value: Value, resource: str) -> str:
    """Empty if it was measured of a Pod."""
    is_target = value.pod.startswith(AUTOSCALER)
    return f"target of {value.pod}, {shown(value.value, resource)} without its margin" if is_target else ""


def of_quantile(value: Value, quantile_milli: int, margin_milli: int) -> Reason:
    quantile = _target(value, "cpu") or f"P{quantile_milli / 10:g} {shown(value.value, 'cpu')} of {value.pod}"
    return Reason(Name.QUANTILE, quantile + _more(margin_milli), value.pod)


def of_peak(value: Value, resource: str, margin_milli: int) -> Reason:
    peak = f"peak of {shown(value.value, resource)} of {value.pod} on {moment(value.at)}"
    peak = _target(value, resource) or peak
    return Reason(Name.PEAK, peak + _more(margin_milli), value.pod, value.at)


def of_bounds(resource: str, wanted: Size, allowed: Size) -> Reason:
    """Of the two sides the first that differs."""
    side, want, can = next(
        (side, want, can)
        for side, want, can in zip(("request", "limit"), wanted, allowed, strict=True)
        if want is not None and can is not None and want != can
    )
    rule = "at most" if can < want else "at least"
    detail = f"a LimitRange wants a {side} of {rule} {shown(can, resource)}, not {shown(want, resource)}"
    return Reason(Name.LIMIT_RANGE, detail)
