"""Recommendations as a table for people, and its last line: what they save and what they raise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from rich.text import Text

from webhook.cli.common.output import pluralize
from webhook.cli.common.owners import short
from webhook.cli.common.tables import Column, print_table
from webhook.cli.common.terminal import line_width, print_sentence
from webhook.model.names import QOS_RESOURCES
from webhook.recommend.owner import Size
from webhook.recommend.reasons import UNJUDGED, shown
from webhook.recommend.recommend import Recommendation
from webhook.recommend.sizing import Advice


class Row(Struct, frozen=True):
    found: Recommendation
    pods: int
    """Of the owner."""
    namespace: bool = False
    """Whether rows are of several namespaces."""


def title(row: Row) -> str:
    return short(row.found.owner, with_namespace=row.namespace)


def _request(resource: str, row: Row) -> Text:
    advice = row.found.advice[resource]
    old, new = advice.before.request, advice.after.request
    if old == new:
        return Text(f"{_amount(old, resource)} (stays)" if old else "-", style="dim")
    style = "yellow" if (new or 0) > (old or 0) else "green"
    return Text(f"{_amount(old, resource)} -> {_amount(new, resource)}", style=style)


def _limits(row: Row) -> str:
    before, after = (
        {resource: getattr(each, side) for resource, each in row.found.advice.items()}
        for side in ("before", "after")
    )
    if all(each.is_equal for each in after.values()):
        return "= requests"
    old, new = _both(before), _both(after)
    return old if old == new else f"{old} -> {new}"


def _both(sizes: Mapping[str, Size]) -> str:
    if not any(each.limit for each in sizes.values()):
        return "-"
    return "/".join(_amount(sizes[resource].limit, resource) for resource in QOS_RESOURCES)


def _amount(milli: int | None, resource: str) -> str:
    return "-" if milli is None else shown(milli, resource)


def _sure(row: Row) -> str:
    evidence = row.found.evidence
    return f"{evidence.sure} {evidence.days:.0f}d x{evidence.pods}" if evidence else "-"


def why(row: Row) -> str:
    """With what belongs to it: devices, and the targets of autoscalers."""
    reasons = dict.fromkeys(str(each.why) for each in row.found.advice.values())
    return "; ".join([*reasons, *_more(row.found)])


def _more(found: Recommendation) -> Iterable[str]:
    amounts = {resource: found.per_device(resource) for resource in QOS_RESOURCES}
    per_device = [f"{shown(amount, resource)} {resource}" for resource, amount in amounts.items() if amount]
    if per_device and found.devices > 1:
        yield f"for each of its {found.devices} devices {' and '.join(per_device)}"
    for each in found.targets:
        if each.container in ("", found.container):
            target = f"{each.resource} target {each.before} % -> {each.after} %"
            yield f"together with HorizontalPodAutoscaler {each.autoscaler}: {target}"


COLUMNS = (
    Column(title="OWNER", about="the workload", cell=title, enough=24),
    Column(title="CONTAINER", about="one of its containers", cell=lambda row: row.found.container, enough=16),
    Column(
        title="CPU REQUEST", about="what it has, and what it needs", cell=lambda row: _request("cpu", row)
    ),
    Column(title="MEMORY REQUEST", about="the same", cell=lambda row: _request("memory", row)),
    Column(title="LIMITS", about="of CPU/memory; - is none", cell=_limits, drops=2),
    Column(
        title="SURE",
        about="high, medium or low, the days that were measured, and how many Pods",
        cell=_sure,
        drops=1,
    ),
    Column(title="WHY", about="the reason that decided: which Pod, at which hour (UTC)", cell=why, enough=40),
)


def print_rows(rows: Sequence[Row], *, wide: bool) -> None:
    """On a terminal the reasons are sentences below the table: they are what is to be read."""
    if wide or line_width() is None:
        print_table(COLUMNS, rows, wide=wide)
        return
    print_table(COLUMNS[:-2], rows)
    for row in rows:
        sure = f" ({_sure(row)})" if row.found.evidence else ""
        print_sentence(Text(f"  {title(row)} {row.found.container}{sure}: {why(row)}"))


def totals(rows: Sequence[Row]) -> str:
    """As in: Saves 1.9 CPU and 3.1Gi of requests. Not judged: 2 containers (cj/backup: 2 runs)."""
    saved, raised = (
        {
            resource: sum(row.pods * max(0, sign * _more_than(row.found.advice[resource])) for row in rows)
            for resource in QOS_RESOURCES
        }
        for sign in (-1, 1)
    )
    parts = [
        f"{verb} {amounts}"
        for verb, total in (("saves", saved), ("raises", raised))
        if (amounts := " and ".join(_total(total[each], each) for each in QOS_RESOURCES if total[each]))
    ]
    sentence = f"{'; '.join(parts)} of requests." if parts else "nothing is to change."
    sentence = sentence[0].upper() + sentence[1:]
    unjudged = [row for row in rows if not row.found.is_judged]
    if unjudged:
        why = dict.fromkeys(f"{title(row)}: {_first(row.found.advice)}" for row in unjudged)
        shortened = [*why][:3] + ["…"] * (len(why) > 3)
        sentence += f" Not judged: {pluralize(len(unjudged), 'container')} ({', '.join(shortened)})."
    return sentence


def _first(advice: Mapping[str, Advice]) -> str:
    return next(str(each.why) for each in advice.values() if each.why.name in UNJUDGED)


def _more_than(advice: Advice) -> int:
    return (advice.after.request or 0) - (advice.before.request or 0)


def _total(milli: int, resource: str) -> str:
    if resource == "cpu":
        return f"{milli / 1000:.1f} CPU" if milli >= 1000 else f"{milli}m CPU"
    gibibytes = milli / 1000 / 2**30
    return f"{gibibytes:.1f}Gi" if gibibytes >= 1 else f"{gibibytes * 1024:.0f}Mi"


def markdown(rows: Sequence[Row]) -> str:
    """A table for a comment on a pull request."""
    titles = [each.title for each in COLUMNS]
    lines = [f"| {' | '.join(titles)} |", f"|{'---|' * len(titles)}"]
    for row in rows:
        cells = (str(each.cell(row)).replace("|", "\\|") for each in COLUMNS)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", totals(rows), ""])
