"""Images as a table for people, or for a comment on a pull request."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from rich.text import Text

from webhook.checks.markdown import code_span
from webhook.cli.common.output import pluralize
from webhook.cli.common.owners import short
from webhook.cli.common.tables import Column
from webhook.images.survey import JudgedImage, Owner
from webhook.model.image_platforms import Level

_STYLES = {Level.NO: "red", Level.UNKNOWN: "yellow", Level.SAYS: "cyan", Level.RUNS: "green"}


class Row(Struct, frozen=True):
    found: JudgedImage
    namespace: bool = False
    """Whether rows are of several namespaces."""


def _used_by(row: Row) -> str:
    first, *others = row.found.owners
    text = f"{len(others) + 1} owners" if others else _owner(first, with_namespace=row.namespace)
    return f"{text} (injected)" if row.found.is_injected else text


def _owner(owner: Owner, *, with_namespace: bool) -> str:
    name = short(owner.ref, with_namespace=with_namespace)
    return f"{name} ({pluralize(owner.pods, 'Pod')})" if owner.ref.kind != "Pod" else name


COLUMNS = (
    Column(title="IMAGE", about="as it is written in Pods", cell=lambda row: row.found.image, enough=40),
    Column(
        title="LEVEL",
        about="runs: a container of it was ready on such a Node, or ended well; "
        "says: its index or configuration names the platform, which is a claim; "
        "no: it was read, and does not name it; unknown: it was not read",
        cell=lambda row: Text(row.found.level, _STYLES[row.found.level]),
    ),
    Column(title="BY", about="where this is from", cell=lambda row: row.found.source, enough=20),
    Column(
        title="USED BY",
        about="the owner with its live Pods, or how many owners; "
        "injected: Pods have it, and templates do not",
        cell=_used_by,
        enough=24,
    ),
)


def rows(images: Sequence[JudgedImage]) -> list[Row]:
    namespaces = {owner.ref.namespace for each in images for owner in each.owners}
    return [Row(each, len(namespaces) > 1) for each in images]


def markdown(headline: str, images: Sequence[Row]) -> str:
    """Whatever users wrote stands in code spans."""
    lines = [f"### podtailor images\n\n{headline}."]
    if images:
        titles = [each.title for each in COLUMNS]
        lines += ["", f"| {' | '.join(titles)} |", f"|{'---|' * len(titles)}"]
    lines += [f"| {' | '.join(code_span(str(each.cell(row))) for each in COLUMNS)} |" for row in images]
    return "\n".join([*lines, ""])
