"""Bars of requests before and after, as SVG that stands in a page: its colours are the page's own."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree import ElementTree as ET

from pygal import HorizontalBar
from pygal.style import Style

from webhook.audit.findings import Amounts
from webhook.audit.summary import Total

_STYLE = Style(
    background="transparent",
    plot_background="transparent",
    foreground="currentColor",
    foreground_strong="currentColor",
    foreground_subtle="currentColor",
    colors=("var(--before)", "var(--after)"),
    value_colors=("currentColor", "currentColor"),
    opacity="1",
    opacity_hover="1",
    font_family="inherit",
    value_font_size=11,
    legend_font_size=12,
    transition="0s",
)
_ROW, _FRAME = 44, 70


def bars(name: str, totals: Mapping[str, Total], resource: str) -> str:
    """One group of two bars for each of `totals`; `name` is the chart's own in the page."""
    chart = HorizontalBar(
        style=_STYLE,
        js=(),
        width=640,
        height=_FRAME + _ROW * len(totals),
        margin=4,
        legend_at_bottom=True,
        show_x_guides=False,
        show_y_guides=False,
        print_values=True,
        print_values_position="top",
        truncate_label=24,
        value_formatter=lambda value: f"{value:.3g}",
        range=(0, 1.15 * max((_units(each.after, resource) for each in totals.values()), default=1) or 1),
        disable_xml_declaration=True,
    )
    chart.uuid = name
    labels = [*totals][::-1]  # the first is drawn at the bottom
    chart.x_labels = labels
    chart.add("as it is", [_units(totals[label].before, resource) for label in labels])
    chart.add("as it would be", [_units(totals[label].after, resource) for label in labels])
    tree = chart.render_tree()
    for parent in list(tree.iter()):
        for child in list(parent):  # its tooltips: nothing in the page runs but the page's own script
            if child.tag == "script":
                parent.remove(child)
    return ET.tostring(tree, encoding="unicode", method="html")


def _units(amounts: Amounts, resource: str) -> float:
    """Cores, or GiB."""
    return amounts.get(resource, 0) / (1000 if resource == "cpu" else 1000 * 2**30)
