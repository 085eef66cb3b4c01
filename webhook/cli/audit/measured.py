"""Owners judged by what they have used: imported only where that is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from webhook.audit.findings import Item
from webhook.audit.reports.usage import UsageReport
from webhook.audit.summary import Located
from webhook.cli.recommend.judging import Results, judged
from webhook.cli.recommend.owners import Owned
from webhook.cli.recommend.sources import SourceOptions, Usage, usage_of
from webhook.cli.recommend.trials import pasts
from webhook.recommend.rules import Rules
from webhook.recommend.to_findings import findings, unsure
from webhook.recommend.to_report import Builder, Sized

if TYPE_CHECKING:
    from webhook.cluster.client import Api

RULES = Rules(max_shrink=1000)
"""What is needed, and not what one run may take off."""


def sizes(
    owners: list[Owned], source: SourceOptions, *, with_report: bool
) -> tuple[dict[Located, list[Item]], str, UsageReport | None]:
    """By owner, what of it is unsure, and what the page shows, `with_report`. Raises InputError."""
    measured = usage_of(source, _no_cluster)
    by_owner: dict[Located, list[Item]] = {}
    results = judged(owners, measured, RULES)
    for owned, found in results:
        place = owned.located.place if owned.located else None
        by_owner.setdefault((owned.found.state.ref, place), []).extend(findings(found))
    line = unsure(each for _, found in results for each in found)
    return by_owner, line, _report(results, measured) if with_report else None


def _report(results: Results, measured: Usage) -> UsageReport:
    """Raises InputError."""
    builder = Builder(Sized(owned.found.state.ref, owned.found.state.pods, found) for owned, found in results)
    untried: dict[str, None] = {}
    owners = [owned for owned, _ in results]
    for each in pasts(owners, measured, RULES, lambda _, problem: untried.update({problem.detail: None})):
        builder.add(each.owned.found.state.ref, each.backtest, each.usage, each.histories)
    return builder.report(untried)


def _no_cluster() -> Api:
    raise AssertionError("neither source of an audit is in the cluster")
