"""`bench/results.svg`: what a typical review costs, by webhook."""

from __future__ import annotations

import re
from typing import Any

from pygal import HorizontalBar
from pygal.style import CleanStyle

from bench.load import median
from bench.report import NAMES, Raw, runs

_OURS, _THEIRS = "#2f6f4f", "#7a9cc6"


def drawn(raw: Raw) -> str:
    typical = raw["direct"]["closed"]["typical"]
    chart: Any = HorizontalBar(
        style=CleanStyle(background="white", plot_background="white"),
        js=(),
        width=800,
        height=300,
        title="CPU for a review of 7.5 KB, in microseconds: less is better",
        show_legend=False,
        show_x_guides=False,
        show_x_labels=False,
        print_values=True,
        print_values_position="top",
        value_formatter=lambda value: f"{value:.0f}",
        truncate_label=60,
        disable_xml_declaration=True,
    )
    chart.uuid = "bench"  # it would be another one each time
    names = list(reversed(typical))  # the first is drawn at the bottom
    chart.x_labels = [NAMES[name].strip("*").replace("`", "") for name in names]
    chart.add(
        "CPU",
        [
            {"value": median(runs(typical[name])).cpu_us, "color": _OURS if name == "podtailor" else _THEIRS}
            for name in names
        ],
    )
    # Without pygal's comments, which name its version and today's date: the same figures are the same bytes.
    return re.sub(r"<!--.*?-->", "", chart.render(is_unicode=True))
