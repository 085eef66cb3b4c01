"""`python -m bench`: measure everything, and write what came of it. `python -m bench check`: the gate.

`python -m bench write PART...`: measure these, and write them down beside what is known of the others.
"""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from bench import (
    alternatives,
    apiserver,
    commands,
    direct,
    events,
    exported,
    growth,
    plot,
    profile,
    report,
    work,
)
from tests.e2e.controlplane.build import go, release
from webhook import __version__

HERE = Path(__file__).parent
RESULTS, PAGE, PLOT = HERE / "results.json", HERE / "results.md", HERE / "results.svg"
README, PERFORMANCE = HERE.parent / "README.md", HERE.parent / "docs" / "performance.md"
BEGIN, END = "<!-- bench -->\n", "\n<!-- /bench -->"
# What `check` allows. Ratios: a quarter to a third above what was found on 2026-11-21. Counts are the same in
# each run: what was found on 2026-11-29, rounded up. No run moves it.
GATE = {
    "calls of Python functions, typical review": 250,
    "memory of a typical review at its peak": 13,
    "calls of Python functions, judged Pod": 270,
    "CPU per review, typical, against bare uvicorn": 8.0,
    "CPU of a 30 KB review against 7.5 KB": 2.0,
}

PARTS: dict[str, Callable[[], object]] = {
    "work": work.of_reviews,
    "audit_work": work.of_an_audit,
    "direct": lambda: direct.measured(rounds=9, seconds=1),
    "repeated": lambda: direct.repeated(rounds=9, seconds=1),
    "steady": lambda: direct.steady(rounds=5, seconds=10),
    "api_server": lambda: apiserver.measured(rounds=11, seconds=2),
    "exported": lambda: exported.measured(rounds=9, seconds=2, times=7),
    "alternatives": lambda: alternatives.measured(rounds=5, seconds=15),
    "growth": lambda: growth.of_reviews(rounds=5, seconds=1),
    "clusters": lambda: growth.of_clusters(rounds=7, seconds=1),
    "events": lambda: events.of_snapshots(rounds=25),
    "resident": lambda: direct.resident(100_000),
    "start_up": lambda: commands.start_up(rounds=15),
    "audit": commands.audit,
    "large_audit": commands.large_audit,
    "profile": profile.shares,
}


def main(words: list[str]) -> int:
    """The exit code. `words`: `check`, or parts to print, or `write` and parts; none: `write` all."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # whatever was started is stopped
    if words == ["check"]:
        return check()
    if {"-h", "--help"} & {*words}:
        print(__doc__, f"\nParts, of which `python -m bench PART...` prints some: {', '.join(PARTS)}", sep="")
        return 0
    is_written = not words or words[0] == "write"
    words = [word for word in words if word != "write"]
    unknown = [word for word in words if word not in PARTS]
    if unknown:
        print(f"{', '.join(unknown)}: not one of check, write, {', '.join(PARTS)}", file=sys.stderr)
        return 2
    measured: dict[str, Any] = {"date": f"{datetime.now(UTC):%Y-%m-%d}", "machine": machine()}
    for name in words or PARTS:
        print(f"bench: {name}", file=sys.stderr, flush=True)
        measured[name] = PARTS[name]()
    raw = msgspec.json.decode(msgspec.json.encode(measured))
    if is_written:
        write(report.beside(msgspec.json.decode(RESULTS.read_bytes()), raw) if words else raw)
    for goal in report.goals(raw):
        print(goal.row())
    for module, part in raw.get("profile", {}).items() if words else ():
        print(f"{part:6.1%}  {module}")
    return 0


def write(raw: dict[str, Any]) -> None:
    RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode(raw), indent=1) + b"\n")
    render(raw)


def render(raw: dict[str, Any]) -> None:
    PAGE.write_text(report.page(raw))
    PLOT.write_text(plot.drawn(raw))
    for page, text in ((README, report.summary(raw)), (PERFORMANCE, report.alternatives(raw))):
        before, _, rest = page.read_text().partition(BEGIN)
        page.write_text(f"{before}{BEGIN}{text}{END}{rest.partition(END)[2]}")


def check() -> int:
    """A minute: whether a review or an audit does more than before, and a review costs more against bare."""
    measured = {
        "work": work.of_reviews(),
        "audit_work": work.of_an_audit(),
        "direct": direct.measured(rounds=7, seconds=0.7, contestants=("bare", "podtailor")),
    }
    failed = False
    for goal in report.goals(msgspec.json.decode(msgspec.json.encode(measured))):
        is_dearer = goal.found > GATE[goal.what]
        failed = failed or is_dearer
        verdict = "dearer" if is_dearer else "as before"
        print(
            f"{goal.what}: {goal.found:.2f} {goal.unit}, at most {GATE[goal.what]:.2f} {goal.unit}: {verdict}"
        )
    return 1 if failed else 0


def machine() -> dict[str, object]:
    said = subprocess.run([go(), "version"], check=True, capture_output=True, text=True).stdout.split()
    models = [
        line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")
    ]
    return {
        "cpu": models[0].partition(": ")[2] if models else platform.machine(),
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "go": said[2].replace("go", "Go "),
        "kubernetes": f"v{release()}",
        "podtailor": __version__,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
