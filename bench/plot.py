"""`bench/results.svg`: CPU per review, by webhook and size."""

from __future__ import annotations

from typing import Any

from pygal import HorizontalBar
from pygal.style import CleanStyle

from bench.load import median
from bench.report import NAMES, Raw, runs

_SIZES = {"small": "2.5 KB", "typical": "7.5 KB", "large": "30 KB"}


def drawn(raw: Raw) -> str:
    closed = raw["direct"]["closed"]
    chart: Any = HorizontalBar(
        style=CleanStyle(background="white", plot_background="white"),
        js=(),
        width=800,
        height=360,
        title="CPU per review in microseconds, logarithmic: less is better",
        legend_at_bottom=True,
        logarithmic=True,
        range=(10, 20_000),
        show_y_labels=False,
        show_y_guides=False,
        print_values=True,
        value_formatter=lambda value: f"{value:.0f}",
        disable_xml_declaration=True,
    )
    chart.uuid = "bench"  # it would be another one each time
    chart.x_labels = [NAMES[name].strip("*").replace("`", "") for name in closed["typical"]]
    for size, said in _SIZES.items():
        chart.add(f"review of {said}", [median(runs(each)).cpu_us for each in closed[size].values()])
    return str(chart.render(is_unicode=True))
