"""Recommendations for owners, namespace by namespace: one usage for all of a namespace, and its quotas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from webhook.cli.recommend.owners import Owned
from webhook.cli.recommend.sources import Usage
from webhook.recommend.owner import OwnerState
from webhook.recommend.recommend import Recommendation, RulesOf, recommend_all
from webhook.recommend.rules import Rules
from webhook.recommend.states import with_limits
from webhook.usage.measured import NamespaceUsage
from webhook.workloads.workload import Ref

Results = list[tuple[Owned, list[Recommendation]]]


def judged(owners: Sequence[Owned], measured: Usage, defaults: Rules) -> Results:
    """Raises InputError, ClusterError."""
    results: Results = []
    for namespace, several in by_namespace(owners).items():
        by_ref = {each.found.state.ref: each for each in several}
        pods = [pod for each in several for pod in each.pods]

        def usage(rules: Rules, name: str = namespace, live: Sequence[Any] = pods) -> NamespaceUsage:
            return with_limits(measured.of(name, rules), live)

        def rules_of(state: OwnerState, known: dict[Ref, Owned] = by_ref) -> RulesOf:
            return measured.rules_of(known[state.ref].found.rules(defaults), defaults)

        found = recommend_all(usage, [each.found.state for each in several], rules_of)
        results += zip(several, found, strict=True)
    return results


def by_namespace(owners: Sequence[Owned]) -> dict[str, list[Owned]]:
    grouped: dict[str, list[Owned]] = {}
    for each in owners:
        grouped.setdefault(each.found.state.ref.namespace, []).append(each)
    return grouped
