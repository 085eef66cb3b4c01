"""`bench/results.svg`: what a typical review costs, by webhook."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, StrictUndefined

from bench.load import median
from bench.report import NAMES, Raw, runs

_TEMPLATE = Path(__file__).parent / "results.svg.jinja"
_LONGEST_BAR = 400
_TITLE = "CPU time per review of 7.5 KB, in microseconds (less is better)"


def drawn(raw: Raw) -> str:
    typical = raw["direct"]["closed"]["typical"]
    values = {name: median(runs(each)).cpu_us for name, each in typical.items()}
    longest = max(values.values())
    bars = [
        {
            "name": NAMES[name].strip("*").replace("`", ""),
            "value": f"{value:.0f}",
            "width": round(_LONGEST_BAR * value / longest),
            "is_ours": name == "podtailor",
        }
        for name, value in values.items()
    ]
    environment = Environment(
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.from_string(_TEMPLATE.read_text()).render(title=_TITLE, bars=bars)
