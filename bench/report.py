"""`bench/results.md` from `bench/results.json`: the goals, and the tables that they are read from."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from msgspec import Struct

from bench.load import Run, median
from bench.reviews import WORKLOADS

Raw = Mapping[str, Any]

_PAGE = Path(__file__).parent / "results.md.jinja"
_WHOLE = 100
NAMES = {
    "bare": "bare uvicorn, answers `allowed`",
    "podtailor": "**podtailor**",
    "typed": "Go, controller-runtime",
    "naive": "FastAPI, pydantic, deepcopy, make_patch",
    "none": "no mutation",
    "lean": "Go, one static patch",
    "webhook": "webhook",
    "exported": "exported",
    "webhook-100": "webhook, 100 policies more",
    "exported-100": "exported, 100 policies more",
    "by-gatekeeper": "Gatekeeper",
    "by-kyverno": "Kyverno",
    "in-process": "MutatingAdmissionPolicy, in process",
}


_ALTERNATIVES = {
    "podtailor": "**podtailor**",
    "exported": "**podtailor**, exported into the API server",
    "by-gatekeeper": "Gatekeeper {gatekeeper}",
    "by-kyverno": "Kyverno {kyverno}",
}


REVIEWS = {
    "different": "all different",
    "workloads": f"of {WORKLOADS} workloads",
}


class Goal(Struct, frozen=True):
    what: str
    limit: float
    found: float
    unit: str = "x"
    at_least: bool = False
    """Else at most."""

    @property
    def is_met(self) -> bool:
        return self.found >= self.limit if self.at_least else self.found <= self.limit

    def row(self) -> str:
        limit = f"{'≥' if self.at_least else '≤'} {_number(self.limit)} {self.unit}"
        missed = abs(self.found / self.limit - 1)
        verdict = "met" if self.is_met else f"**missed by {missed:.0%}**"
        return f"| {self.what} | {limit} | {_number(self.found)} {self.unit} | {verdict} |"


def runs(said: Sequence[Sequence[float]]) -> list[Run]:
    return [Run(*each) for each in said]


def ratio(
    numerator: Sequence[Sequence[float]], denominator: Sequence[Sequence[float]], figure: str = "cpu_us"
) -> float:
    """Of the runs of each round: those are a few seconds apart, the rounds minutes. Their median."""
    pairs = zip(runs(numerator), runs(denominator), strict=True)
    return float(statistics.median(getattr(one, figure) / getattr(other, figure) for one, other in pairs))


def added(said: Raw, way: str, figure: str = "p50") -> list[float]:
    """Milliseconds that this way adds to this figure of a creation, round by round."""
    pairs = zip(runs(said[way]), runs(said["none"]), strict=True)
    return [getattr(one, figure) - getattr(none, figure) for one, none in pairs]


def added_ratio(said: Raw, way: str, other: str) -> float:
    """Of what the two add in a round, the median over the rounds."""
    return statistics.median(
        one / another for one, another in zip(added(said, way), added(said, other), strict=True)
    )


def beside(known: Raw, raw: Raw) -> dict[str, Any]:
    """What is known, with parts that were measured on another day than the rest."""
    parts = {name: part for name, part in raw.items() if name not in ("date", "machine")}
    since = {name: {"date": raw["date"], "machine": raw["machine"]} for name in parts}
    return {**known, **parts, "apart": {**known.get("apart", {}), **since}}


def goals(raw: Raw) -> Iterator[Goal]:
    """In the order of the table; those whose figures are there."""
    if "work" in raw:
        done = raw["work"]["typical"]
        yield Goal("calls of Python functions, typical review", 250, done["calls"], "calls")
        yield Goal("memory of a typical review at its peak", 13, done["peak_kib"], "KiB")
    if "audit_work" in raw:
        yield Goal("calls of Python functions, judged Pod", 270, raw["audit_work"], "calls")
    yield from _of_reviews(raw)
    yield from _of_clusters(raw)
    yield from _of_commands(raw)


def _of_reviews(raw: Raw) -> Iterator[Goal]:
    if "direct" in raw:
        typical, large = raw["direct"]["closed"]["typical"], raw["direct"]["closed"]["large"]
        ours = typical["podtailor"]
        yield Goal("CPU per review, typical, against bare uvicorn", 4, ratio(ours, typical["bare"]))
        if "typed" in typical:
            go = ratio(ours, typical["typed"])
            yield Goal("CPU per review, typical, against Go on controller-runtime", 0.15, go)
        yield Goal("CPU of a 30 KB review against 7.5 KB", 2, ratio(large["podtailor"], ours))
    if "steady" in raw:
        p99 = ratio(raw["steady"]["podtailor"], raw["steady"]["typed"], "p99")
        yield Goal("p99 at 200 reviews/s against that Go webhook", 1, p99)
    if "api_server" in raw:
        alone = raw["api_server"]["alone"]
        lean = added_ratio(alone, "podtailor", "lean")
        yield Goal("added to the p50 of a creation, against one static patch in Go", 1.15, lean)
        in_process = added_ratio(alone, "podtailor", "in-process")
        yield Goal("the same, against the in-process MutatingAdmissionPolicy", 0.85, in_process)


def _of_clusters(raw: Raw) -> Iterator[Goal]:
    if "clusters" in raw:
        policies = raw["clusters"]["policies"]
        yield Goal(
            "CPU per review with 1,000 policies against 10", 1.5, ratio(policies["1000"], policies["10"])
        )
    if "resident" in raw:
        yield Goal("resident, built-ins, after 100,000 reviews", 80, raw["resident"]["after"], "MiB")
    if "clusters" in raw:
        crowded = raw["clusters"]["crowded"]["mib"]
        yield Goal("resident with 10,000 namespaces and 2,000 policies", 90, crowded, "MiB")
    if "events" in raw:
        slowest = max(statistics.median(each) for each in raw["events"].values())
        yield Goal("CPU of a change with 10,000 namespaces and 2,000 policies", 2, slowest, "ms")


def _of_commands(raw: Raw) -> Iterator[Goal]:
    if "start_up" in raw:
        took = {name: statistics.median(seconds) for name, seconds in raw["start_up"].items()}
        nothing = took["python -c pass"]
        yield Goal("`podtailor version` against `python -c pass`", 5, took["podtailor version"] / nothing)
        yield Goal("`podtailor mutate` of one file against it", 10, took["podtailor mutate"] / nothing)
        yield Goal("completion of an option", 100, 1000 * took["completion"], "ms")
    if "audit" in raw:
        judged = statistics.median(raw["audit"]["engine_pods_a_second"])
        yield Goal("Pods judged a second, one core", 12_000, judged, "Pods/s", at_least=True)
        grown = raw["audit"]["10000"]["mib"] / raw["audit"]["1000"]["mib"]
        yield Goal("peak memory of an audit of 10,000 Pods against 1,000", 1.5, grown)


def page(raw: Raw) -> str:
    template = Environment(undefined=StrictUndefined, autoescape=False).from_string(_PAGE.read_text())  # noqa: S701 (Markdown of our own figures)
    return template.render(
        raw=raw,
        machine=raw["machine"],
        goals=goals,
        missed=[goal for goal in goals(raw) if not goal.is_met],
        typical=lambda said: median(runs(said)),
        middle=statistics.median,
        ratio=ratio,
        added=added,
        added_ratio=added_ratio,
        NAMES=NAMES,
        REVIEWS=REVIEWS,
        WORKLOADS=WORKLOADS,
        measured=lambda part: _apart(raw, part),
    )


def _apart(raw: Raw, part: str) -> str:
    """When it was measured, where that is not when the rest was."""
    when = raw.get("apart", {}).get(part)
    return f" ({when['date']}, Python {when['machine']['python']})" if when else ""


def summary(raw: Raw) -> str:
    """For the README: a typical review."""
    typical, steady = raw["direct"]["closed"]["typical"], raw["steady"]
    machine = raw["machine"]
    lines = [
        "| a review of 7.5 KB | CPU at full speed | against bare | p50 at 200/s | p99 at 200/s |",
        "|---|---|---|---|---|",
    ]
    for name in typical:
        busy, calm = median(runs(typical[name])), median(runs(steady[name]))
        cost = f"{busy.cpu_us:.0f} µs | {ratio(typical[name], typical['bare']):.1f} x"
        lines.append(f"| {NAMES[name]} | {cost} | {calm.p50:.1f} ms | {calm.p99:.1f} ms |")
    said = f"{machine['cpu']}, {machine['cpus']} cores shared with the load, {raw['date']}"
    versions = f"podtailor {machine['podtailor']}, Python {machine['python']}, {machine['go']}"
    how = "CPU with eight callers at once; ratios are medians over rounds"
    return "\n".join([*lines, "", f"*{said}; {versions}. {how}.*"])


def alternatives(raw: Raw) -> str:
    """For docs/performance.md: what each costs, in milliseconds and thousandths of a core."""
    said = raw["alternatives"]
    none = said["runs"]["none"]
    columns = ["Pods are changed by", "CPU of its replicas", "when idle", "their memory"]
    columns += ["more CPU in the API server", "p50 grows by", "p99 grows by"]
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for way, name in _ALTERNATIVES.items():
        own = ["none", "none", "none"]
        if said["mib"][way]:
            own = [_milli(said["cores"][way]), _milli(said["idle"][way]), f"{said['mib'][way]:.0f} MiB"]
        pairs = zip(_cores(said["runs"][way]), _cores(none), strict=True)
        more = _milli([one - another for one, another in pairs])
        grown = [f"{statistics.median(added(said['runs'], way, each)):.1f} ms" for each in ("p50", "p99")]
        lines.append(f"| {' | '.join([name.format(**said['versions']), *own, more, *grown])} |")
    when, calm = raw.get("apart", {}).get("alternatives", raw), median(runs(none))
    machine = when["machine"]
    where = f"{machine['cpu']}, {machine['cpus']} cores shared by all of them, the API server and the load"
    versions = f"podtailor {machine['podtailor']}, kube-apiserver {said['versions']['kubernetes']}"
    how = (
        f"medians of {said['rounds']} rounds of {said['seconds']:g} s, load average before {said['load']:.0f}"
    )
    without = f"Without any of them p50 is {calm.p50:.1f} ms and p99 {calm.p99:.1f} ms"
    return "\n".join([*lines, "", f"*{without}. {where}, {when['date']}; {versions}; {how}.*"])


def _cores(said: Sequence[Sequence[float]]) -> list[float]:
    """That the API server used in each run."""
    return [run.cpu_us * run.rate / 1e6 for run in runs(said)]


def _milli(cores: Sequence[float]) -> str:
    return f"{1000 * statistics.median(cores):.0f}m"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= _WHOLE else f"{value:.3g}"
