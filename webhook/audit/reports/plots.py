"""A week of usage beside requests and limits, as the shapes of a small plot. Pure.

Amounts are in thousandths: of a CPU, of a byte. NaN: nothing was measured.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from webhook.audit.reports.wording import amount

WIDTH, HEIGHT = 600, 100
MAX_POINTS = 168
"""Of a curve: the hours of a week."""
_ROOM = 1.05
_FAR = 3
"""A limit so many times above the rest is named, and not drawn: the rest would be a flat line."""


class Level(Struct, frozen=True):
    """A request or a limit, now or as needed."""

    name: str
    """`request`, `needed request`, `limit` or `needed limit`, which is its CSS class with `-`."""
    text: str
    y: float | None
    """From the top; None: too high to be drawn."""


class Plot(Struct, frozen=True, kw_only=True):
    container: str
    resource: str
    """`CPU` or `memory`."""
    path: str
    """Of the usage, as SVG writes it."""
    peak: str
    top: str
    """The amount at its upper edge."""
    levels: tuple[Level, ...]

    @property
    def text(self) -> str:
        """For those who do not see it."""
        levels = ", ".join(f"{each.name} {each.text}" for each in self.levels)
        return (
            f"{self.resource} of {self.container}: used up to {self.peak}; {levels or 'no request, no limit'}"
        )


def plot(
    container: str,
    resource: str,
    used: Sequence[float],
    requests: tuple[int | None, int | None],
    limits: tuple[int | None, int | None],
) -> Plot | None:
    """Each pair is what stands and what is needed. None if nothing was measured."""
    points = highest_of(used, MAX_POINTS)
    known = [value for value in points if math.isfinite(value)]
    if not known:
        return None
    levels = {
        name: value
        for name, value in zip(
            ("request", "needed request", "limit", "needed limit"), (*requests, *limits), strict=True
        )
        if value is not None
    }
    if requests[0] == requests[1]:
        levels.pop("needed request", None)
    if limits[0] == limits[1]:
        levels.pop("needed limit", None)
    base = max(*known, *(value for name, value in levels.items() if "request" in name), 1)
    near = {name: value for name, value in levels.items() if value <= _FAR * base}
    top = math.ceil(max(base, *near.values()) * _ROOM) if near else math.ceil(base * _ROOM)
    return Plot(
        container=container,
        resource="CPU" if resource == "cpu" else resource,
        path=" ".join(_path(points, top)),
        peak=amount(math.ceil(max(known)), resource),
        top=amount(top, resource),
        levels=tuple(
            Level(name, amount(value, resource), _y(value, top) if name in near else None)
            for name, value in levels.items()
        ),
    )


def busiest(series: Iterable[Sequence[float]]) -> tuple[float, ...]:
    """Of several Pods, at each step the highest; series may be of different lengths."""
    curves = [each for each in series if each]
    steps = max(map(len, curves), default=0)
    return tuple(_highest(each[at] for each in curves if at < len(each)) for at in range(steps))


def highest_of(values: Sequence[float], points: int) -> list[float]:
    """Fewer points, each the highest of its part, so that no peak is lost."""
    size = max(1, -(-len(values) // points))
    return [_highest(values[at : at + size]) for at in range(0, len(values), size)]


def _highest(values: Iterable[float]) -> float:
    return max((each for each in values if math.isfinite(each)), default=math.nan)


def _path(points: Sequence[float], top: int) -> Iterator[str]:
    """Each point as a stretch of its own, because it is the highest of some time; with gaps."""
    width = WIDTH / len(points)
    is_drawn = False
    for at, value in enumerate(points):
        if math.isfinite(value):
            yield f"{'H' if is_drawn else 'M'}{at * width:.0f}" + ("" if is_drawn else f" {_y(value, top)}")
            yield f"V{_y(value, top)}H{(at + 1) * width:.0f}"
        is_drawn = math.isfinite(value)


def _y(value: float, top: int) -> float:
    return round(HEIGHT * (1 - value / top), 1)
