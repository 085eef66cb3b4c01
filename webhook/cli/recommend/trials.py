"""Backtests as a table: what each rule's sizes would have meant for an owner, and for a namespace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from rich.text import Text

from webhook.cli.common.tables import Column, print_table
from webhook.cli.common.terminal import print_sentence, warn
from webhook.cli.recommend.owners import Owned
from webhook.cli.recommend.sources import Usage
from webhook.cli.recommend.table import short
from webhook.recommend.backtest import Backtest, By, Outcome, backtest
from webhook.recommend.reasons import moment
from webhook.recommend.rules import Rules
from webhook.recommend.states import with_limits
from webhook.workloads.workload import Ref


def tried(owners: Sequence[Owned], measured: Usage, rules: Rules) -> dict[Ref, Backtest]:
    """Without those of namespaces of which the source has no whole history. Raises InputError."""
    made: dict[Ref, Backtest] = {}
    for namespace in dict.fromkeys(each.found.state.ref.namespace for each in owners):
        history = measured.history(namespace, rules)
        for problem in history.problems:
            warn(f"{namespace}: {problem.detail}: nothing is tried on it", name=problem.reason)
        if history.problems:
            continue
        mine = [each for each in owners if each.found.state.ref.namespace == namespace]
        usage = with_limits(measured.of(namespace, rules), [pod for each in mine for pod in each.pods])
        for each in mine:
            of = measured.rules_of(each.found.rules(rules), rules)
            made[each.found.state.ref] = backtest(usage, history.containers, each.found.state, of)
    return made


class _Row(Struct, frozen=True):
    title: str
    outcomes: tuple[Outcome, ...]
    """Of one owner, or of all owners of a namespace."""
    present: tuple[Outcome, ...]
    """The same as they stand."""

    def total(self, field: str) -> float:
        return float(sum(getattr(each, field) for each in self.outcomes))

    def saved(self, field: str) -> float:
        return float(sum(getattr(each, field) for each in self.present)) - self.total(field)

    @property
    def by(self) -> By:
        return self.outcomes[0].by


def _minutes(field: str, row: _Row) -> str:
    return f"{row.total(field):.0f} min"


def _kills(row: _Row) -> Text:
    kills = round(row.total("kills"))
    return Text(str(kills), style="red" if kills else "green")


COLUMNS = (
    Column(title="OWNER", about="the workload, or all of a namespace", cell=lambda row: row.title, enough=20),
    Column(title="SIZES", about="whose rule made them", cell=lambda row: row.by),
    Column(title="KILLS", about="times that memory was above the limit", cell=_kills),
    Column(title="THROTTLED", about="CPU above the limit", cell=lambda row: _minutes("over_cpu_limit", row)),
    Column(
        title="OVER REQUEST",
        about="CPU above the request",
        cell=lambda row: _minutes("over_cpu_request", row),
        drops=1,
    ),
    Column(
        title="CPU SAVED", about="of requests, in hours", cell=lambda row: f"{row.saved('cpu_hours'):.1f} h"
    ),
    Column(
        title="MEMORY SAVED",
        about="the same, in GiB times hours",
        cell=lambda row: f"{row.saved('memory_hours'):.1f} Gi h",
    ),
)


def print_trials(made: Mapping[Ref, Backtest], *, wide: bool) -> None:
    if not made:
        return
    several = len({ref.namespace for ref in made}) > 1
    rows = [
        row
        for ref, each in made.items()
        for row in _rows(short(ref, with_namespace=several), [each.outcomes])
    ]
    for namespace in dict.fromkeys(ref.namespace for ref in made):
        mine = [each.outcomes for ref, each in made.items() if ref.namespace == namespace]
        if len(mine) > 1:
            rows += _rows(f"all of {namespace}", mine)
    first = next(iter(made.values()))
    print_sentence(
        Text(
            f"\nSizes by what was used until {moment(first.learned.end)}, for what was used from then until "
            f"{moment(first.judged.end)} (UTC). Those of others are computed from the same series."
        )
    )
    print_table(COLUMNS, rows, wide=wide)
    for ref, each in made.items():
        ours = next(one for one in each.outcomes if one.by is By.PODTAILOR)
        if ours.kills:
            name = short(ref, with_namespace=several)
            print_sentence(Text(f"{name}: these sizes would have killed {ours.killed}.", style="red"))


def _rows(title: str, several: Sequence[tuple[Outcome, ...]]) -> Iterable[_Row]:
    """One for each rule; `several`: of each owner the outcomes in the same order."""
    columns = [tuple(each) for each in zip(*several, strict=True)]
    return [_Row(title, column, columns[0]) for column in columns]
