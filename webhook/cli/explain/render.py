"""An explanation as text and as JSON."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import to_builtins
from rich.text import Text

from webhook.audit.findings import Finding, problem_of
from webhook.cli.common.manifests import LocatedManifest
from webhook.cli.common.output import pluralize
from webhook.cli.common.terminal import warn
from webhook.engine import explain as engine
from webhook.engine.annotation import applied_of
from webhook.engine.apply import Outcome
from webhook.engine.match import NAMESPACE
from webhook.engine.qos import QosMove
from webhook.engine.snapshot import Snapshot
from webhook.messages import MESSAGES
from webhook.model.draft import Change, Conflict, Reason
from webhook.model.names import APPLIED, LIMIT_RANGER, Mode
from webhook.model.pod import NO_METADATA
from webhook.model.text import value_text
from webhook.workloads.builtin_plugins import Plugins


def explain_or_warn(
    located: LocatedManifest, namespace: str, plugins: Plugins, snapshot: Snapshot
) -> engine.Explanation | None:
    """None, and a warning, if the Pod cannot be judged."""
    try:
        return engine.explain(located.request(namespace, plugins), snapshot)
    except Exception as error:  # noqa: BLE001 (an object can hold anything)
        warn(f"{located.title} could not be judged: {problem_of(error)}", name=Finding.NOT_JUDGED)
        return None


def as_text(
    located: LocatedManifest, namespace: str, explanation: engine.Explanation, *, sets: str = "Sets"
) -> Iterator[Text]:
    decision = explanation.decision
    title = f"{located.manifest.kind} {located.request(namespace).namespace}/{located.manifest.name}"
    yield Text.assemble((title, "bold"), f"  {located.place}")
    if decision.exemption:
        yield Text(f"  exempt: {decision.exemption}")
        return
    for workload_type, evidence in explanation.classification.evidence:
        yield Text(f"  is {workload_type}: {evidence}")
    yield Text(f"  mode: {decision.mode}")
    yield Text(f"  QoS class: {_qos(decision.outcome.qos)}")
    if decision.denied:
        yield Text.assemble(("  would be denied: ", "red"), decision.denied)
    for warning in decision.warnings:
        yield Text.assemble(("  warning: ", "yellow"), str(warning))
    if explanation.limit_ranger:
        yield Text(f"  annotation {LIMIT_RANGER}: {explanation.limit_ranger}")
    yield Text("\n  Policies, in order of precedence", style="bold")
    # Without WorkloadPolicies of other namespaces: there may be hundreds.
    checked = [each for each in explanation.checked if not each.failure or each.failure.field != NAMESPACE]
    width = max((len(each.policy.key) for each in checked), default=0)
    for each in checked:
        yield _checked(each, width)
    yield from _images(explanation.images)
    set_by = _set_by_annotation(located)
    yield from _outcome(decision.outcome, decision.outcome.changes, sets, set_by)
    if decision.audit:
        yield from _outcome(decision.audit, decision.would_change, "Would set, audit only", set_by)
    if not decision.enforced and not decision.audited:
        yield Text("\n  No policy matches: the Pod stays as it is.")


def _qos(move: QosMove) -> str:
    if move.before is move.after:
        return move.before
    return f"{move.before}, {move.after} once changed"


def _checked(checked: engine.CheckedPolicy, width: int) -> Text:
    policy, failure = checked.policy, checked.failure
    name = policy.key.ljust(width)
    if failure:
        return Text(f"    - {name}  {failure.field}: {failure.why}", style="dim")
    matches = "matches" if checked.mode is Mode.ENFORCE else "matches, audit only"
    return Text.assemble(("    + ", "green"), f"{name}  {matches}  ({policy.source})")


def _images(images: tuple[engine.JudgedImage, ...]) -> Iterator[Text]:
    if images:
        yield Text("\n  Images", style="bold")
    for each in images:
        age = f"{_age(each.seen)} ago" if each.seen else ""
        known = ", ".join(filter(None, (each.source, age)))
        yield Text(f"    {each.image}  {each.platform}: {each.level}{f'  ({known})' if known else ''}")


_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"))


def _age(seen: int) -> str:
    """In the largest unit of which there are at least two."""
    seconds = max(0, int(time.time()) - seen)
    size, unit = next((each for each in _UNITS if seconds >= 2 * each[0]), _UNITS[-1])
    return pluralize(seconds // size, unit)


def _set_by_annotation(located: LocatedManifest) -> dict[str, str]:
    """By field, the policy that set it according to our annotation on the Pod, which anyone may write."""
    metadata = located.manifest.template.metadata or NO_METADATA
    applied = applied_of((metadata.annotations or {}).get(APPLIED))
    return {
        field: policy for policy, fields in applied.items() if isinstance(fields, list) for field in fields
    }


def _outcome(
    outcome: Outcome, changes: tuple[Change, ...], title: str, set_by: Mapping[str, str]
) -> Iterator[Text]:
    if changes:
        yield Text(f"\n  {title}", style="bold")
        # An expression in several terms of a nodeAffinity is one value.
        yield from map(
            Text,
            dict.fromkeys(
                f"    {each.field} = {value_text(each.value)}  by {each.policy.name}" for each in changes
            ),
        )
    if outcome.skips:
        yield Text("\n  Skips", style="bold")
        for skip in outcome.skips:
            why = MESSAGES[skip.reason].title
            if skip.reason is Reason.KEPT and skip.field in set_by:
                why = f"the Pod's annotation says podtailor set it (policy {set_by[skip.field]})"
            yield Text(f"    {skip.field}  {skip.reason}: {why}  (proposed by {skip.policy.name})")
    if outcome.conflicts:
        yield Text("\n  Conflicts", style="bold")
        for conflict in outcome.conflicts:
            yield Text(f"    {conflict.field}  {_conflict(conflict)}")


def _conflict(conflict: Conflict) -> str:
    winner = f"{conflict.winner.name} ({value_text(conflict.winning_value)})"
    return f"{winner} takes precedence over {conflict.policy.name} ({value_text(conflict.value)})"


def as_json(located: LocatedManifest, namespace: str, explanation: engine.Explanation) -> dict[str, Any]:
    decision, set_by = explanation.decision, _set_by_annotation(located)
    return {
        "kind": located.manifest.kind,
        "namespace": located.request(namespace).namespace,
        "name": located.manifest.name,
        **located.place.fields,
        "leftAlone": str(decision.exemption) if decision.exemption else None,
        "workloadTypes": [
            {"type": workload_type, "because": evidence}
            for workload_type, evidence in explanation.classification.evidence
        ],
        "mode": decision.mode,
        "qosClass": decision.outcome.qos,
        "warnings": [str(warning) for warning in decision.warnings],
        "limitRanger": explanation.limit_ranger,
        "policies": [
            {
                "name": each.policy.name,
                "source": each.policy.source,
                "matches": each.failure is None,
                "mode": each.mode,
                "clause": each.failure and each.failure.field,
                "because": each.failure and each.failure.why,
            }
            for each in explanation.checked
        ],
        "images": [to_builtins(each) for each in explanation.images],
        "changes": [_change(change) for change in decision.outcome.changes],
        "wouldChange": [_change(change) for change in decision.would_change],
        "skips": [
            {
                "policy": skip.policy.name,
                "field": skip.field,
                "reason": skip.reason,
                "setBy": set_by.get(skip.field) if skip.reason is Reason.KEPT else None,
            }
            for skip in decision.outcome.skips
        ],
        "conflicts": [
            {
                "policy": each.policy.name,
                "field": each.field,
                "value": each.value,
                "winner": each.winner.name,
                "winningValue": each.winning_value,
            }
            for each in decision.outcome.conflicts
        ],
        "patch": decision.outcome.operations(located.manifest.template, (*located.at, *located.manifest.at)),
    }


def _change(change: Change) -> dict[str, Any]:
    return {"policy": change.policy.name, "field": change.field, "value": change.value}
