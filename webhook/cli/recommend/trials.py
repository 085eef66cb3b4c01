"""Backtests as a table: what each rule's sizes would have meant for an owner, and for a namespace."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct
from rich.text import Text

from webhook.cli.common.owners import short
from webhook.cli.common.tables import Column, print_table
from webhook.cli.common.terminal import print_sentence, warn
from webhook.cli.recommend.judging import by_namespace
from webhook.cli.recommend.owners import Owned
from webhook.cli.recommend.sources import Usage
from webhook.model.notice import Notice
from webhook.recommend.backtest import Backtest, By, Outcome, backtest
from webhook.recommend.history import Histories
from webhook.recommend.reasons import moment
from webhook.recommend.rules import Rules
from webhook.recommend.states import with_limits
from webhook.usage.measured import NamespaceUsage
from webhook.workloads.workload import Ref


class Past(Struct, frozen=True):
    """The past of a namespace with what sizes would have meant for one of its owners."""

    owned: Owned
    backtest: Backtest
    usage: NamespaceUsage
    histories: Histories


def tried(owners: Sequence[Owned], measured: Usage, rules: Rules) -> dict[Ref, Backtest]:
    """Without those of which the source has no history, or half of one. Raises InputError."""

    def on_problem(namespace: str, problem: Notice) -> None:
        warn(f"{namespace}: {problem.detail}: nothing is tried on it", name=problem.reason)

    made: dict[Ref, Backtest] = {}
    for each in pasts(owners, measured, rules, on_problem):
        ref = each.owned.found.state.ref
        if any(each.usage.owner(key.pod) == ref for key in each.histories):
            made[ref] = each.backtest
        else:
            on_problem(str(ref), Notice("no-usage", "there is no history of its Pods"))
    return made


def pasts(
    owners: Sequence[Owned], measured: Usage, rules: Rules, on_problem: Callable[[str, Notice], object]
) -> Iterator[Past]:
    """One namespace after the other: the series of many are large. Raises InputError."""
    for namespace, mine in by_namespace(owners).items():
        history = measured.history(namespace, rules)
        for problem in history.problems:
            on_problem(namespace, problem)
        if history.problems:
            continue
        usage = with_limits(measured.of(namespace, rules), [pod for each in mine for pod in each.pods])
        for each in mine:
            of = measured.rules_of(each.found.rules(rules), rules)
            yield Past(
                each, backtest(usage, history.containers, each.found.state, of), usage, history.containers
            )


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
    def by(self) -> str:
        """With a word if these are the sizes that stand: then the rule changes nothing."""
        by = self.outcomes[0].by
        pairs = zip(self.outcomes, self.present, strict=True)
        stands = by is not By.PRESENT and all(each.has_sizes_of(present) for each, present in pairs)
        return f"{by} (no change)" if stands else str(by)


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
