"""What `mutate --check` found, for the formats that pipelines read."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from webhook.audit.findings import Finding, Item, Verdict
from webhook.audit.reports.checks import results
from webhook.audit.summary import Row
from webhook.checks.result import Level, Result
from webhook.cli.common.manifests import LocatedManifest
from webhook.cli.mutate.tailored import Tailored, warnings_of
from webhook.engine.evaluate import VIOLATION, Decision
from webhook.model.place import Place


def results_of_tailored(tailored: Tailored) -> Iterator[Result]:
    """What each manifest lacks, or that it passes."""
    diff = _diff(tailored.document.text, tailored.after)
    for located, decision in tailored.decisions:
        row = Row(located.ref(tailored.namespace), _verdict(located, decision, diff), place=located.place)
        if not decision.denied or row.finding is Finding.WOULD_CHANGE:
            yield from results([row], (Finding.WOULD_CHANGE,))
        name = str(row.owner)
        if decision.denied:
            yield _result(VIOLATION, Level.ERROR, decision.denied, located.place, name)
        for each in warnings_of(decision):
            yield _result(each.reason, Level.WARNING, each.detail, located.place, name)


def _verdict(located: LocatedManifest, decision: Decision, diff: str) -> Verdict:
    places = [located.place_of(change.path) for change in decision.outcome.changes]
    items = [
        Item(
            Finding.WOULD_CHANGE,
            change.policy.key,
            change.field,
            after=change.value,
            line=place.line,
            column=place.column,
        )
        for change, place in zip(decision.outcome.changes, places, strict=True)
    ]
    return Verdict(items=tuple(items) or (Item(Finding.PASS),), diff=diff)


def _result(rule: str, level: Level, message: str, place: Place, name: str) -> Result:
    return Result(rule=rule, level=level, message=message, place=place, object=name)


def _diff(before: str, after: str) -> str:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="")
    return "\n".join(line for line in lines if not line.startswith(("---", "+++")))
