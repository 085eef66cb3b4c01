"""An explanation for people and for machines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.text import Text

from webhook.audit.findings import problem_of
from webhook.cli.common.manifests import Found
from webhook.cli.common.terminal import warn
from webhook.cli.explain.reasons import REASONS
from webhook.engine import explain as engine
from webhook.engine.annotation import applied_of
from webhook.engine.apply import Outcome
from webhook.engine.match import NAMESPACE
from webhook.engine.qos import QosMove
from webhook.engine.snapshot import Snapshot
from webhook.model.draft import Change, Reason
from webhook.model.names import APPLIED, Mode
from webhook.model.pod import NO_METADATA
from webhook.policies.policy_tests import value_text
from webhook.workloads.builtin_plugins import Plugins


def explained(
    found: Found, namespace: str, plugins: Plugins, snapshot: Snapshot
) -> engine.Explanation | None:
    """None for a Pod that cannot be judged: then a warning says why."""
    try:
        return engine.explain(found.request(namespace, plugins), snapshot)
    except Exception as error:  # noqa: BLE001 (an object can hold anything)
        warn(f"{found.title} could not be judged: {problem_of(error)}")
        return None


def in_words(
    found: Found, namespace: str, explanation: engine.Explanation, *, sets: str = "Sets"
) -> Iterator[Text]:
    decision = explanation.decision
    name = f"{found.manifest.kind} {found.request(namespace).namespace}/{found.manifest.name}"
    yield Text.assemble((name, "bold"), f"  {found.document.place(found.at)}")
    if decision.exemption:
        yield Text(f"  exempt: {decision.exemption}")
        return
    for workload_type, seen in explanation.classification.evidence:
        yield Text(f"  is {workload_type}: {seen}")
    yield Text(f"  the mode here is {decision.mode}")
    yield Text(f"  {_qos(decision.outcome.qos)}")
    if decision.denied:
        yield Text.assemble(("  would be refused: ", "red"), decision.denied)
    for warning in decision.warnings:
        yield Text.assemble(("  warning: ", "yellow"), str(warning))
    if explanation.limit_ranger:
        yield Text(f"  an annotation says: {explanation.limit_ranger}")
    yield Text("\n  Policies, in the order in which they are heard", style="bold")
    # Those of other namespaces have nothing to say, and there may be hundreds.
    verdicts = [each for each in explanation.verdicts if not each.failure or each.failure.field != NAMESPACE]
    width = max((len(verdict.policy.key) for verdict in verdicts), default=0)
    for verdict in verdicts:
        yield _verdict(verdict, width)
    marked = _marked(found)
    yield from _outcome(decision.outcome, decision.outcome.changes, sets, marked)
    if decision.audit:
        yield from _outcome(decision.audit, decision.would_change, "Would set, audit only", marked)
    if not decision.enforced and not decision.audited:
        yield Text("\n  No policy matches: the Pod stays as it is.")


def _qos(move: QosMove) -> str:
    if move.before is move.after:
        return f"its QoS class is {move.before}"
    return f"its QoS class is {move.before}, and {move.after} with what is set"


def _verdict(verdict: engine.Verdict, width: int) -> Text:
    name = verdict.policy.key.ljust(width)
    if verdict.failure:
        return Text(f"    - {name}  {verdict.failure.field}: {verdict.failure.why}", style="dim")
    said = "matches" if verdict.mode is Mode.ENFORCE else "matches, audit only"
    return Text.assemble(("    + ", "green"), f"{name}  {said}  ({verdict.policy.source})")


def _marked(found: Found) -> dict[str, str]:
    """By field, the policy that set it as our annotation on the Pod says, which anybody may write."""
    metadata = found.manifest.template.metadata or NO_METADATA
    said = applied_of((metadata.annotations or {}).get(APPLIED))
    return {field: policy for policy, fields in said.items() if isinstance(fields, list) for field in fields}


def _outcome(
    outcome: Outcome, changes: tuple[Change, ...], title: str, marked: Mapping[str, str]
) -> Iterator[Text]:
    if changes:
        yield Text(f"\n  {title}", style="bold")
        for change in changes:
            yield Text(f"    {change.field} = {value_text(change.value)}  by {change.policy.name}")
    if outcome.skips:
        yield Text("\n  Leaves out", style="bold")
        for skip in outcome.skips:
            why = f"{skip.reason}: {REASONS[skip.reason]}"
            if skip.reason is Reason.KEPT and skip.field in marked:
                why = f"{skip.reason}: set by podtailor, its annotation says (policy {marked[skip.field]})"
            yield Text(f"    {skip.field}  {why}  (wished by {skip.policy.name})")
    if outcome.conflicts:
        yield Text("\n  Conflicts", style="bold")
        for conflict in outcome.conflicts:
            yield Text(
                f"    {conflict.field}  {conflict.winner.name} is heard before {conflict.policy.name}, "
                "which wished another value"
            )


def as_json(found: Found, namespace: str, explanation: engine.Explanation) -> dict[str, Any]:
    decision, marked = explanation.decision, _marked(found)
    return {
        "kind": found.manifest.kind,
        "namespace": found.request(namespace).namespace,
        "name": found.manifest.name,
        "place": found.document.place(found.at),
        "leftAlone": str(decision.exemption) if decision.exemption else None,
        "workloadTypes": [
            {"type": workload_type, "because": seen}
            for workload_type, seen in explanation.classification.evidence
        ],
        "mode": decision.mode,
        "qosClass": decision.outcome.qos,
        "warnings": [str(warning) for warning in decision.warnings],
        "limitRanger": explanation.limit_ranger,
        "policies": [
            {
                "name": verdict.policy.name,
                "source": verdict.policy.source,
                "matches": verdict.failure is None,
                "mode": verdict.mode,
                "clause": verdict.failure and verdict.failure.field,
                "because": verdict.failure and verdict.failure.why,
            }
            for verdict in explanation.verdicts
        ],
        "changes": [_change(change) for change in decision.outcome.changes],
        "wouldChange": [_change(change) for change in decision.would_change],
        "skips": [
            {
                "policy": skip.policy.name,
                "field": skip.field,
                "reason": skip.reason,
                "setBy": marked.get(skip.field) if skip.reason is Reason.KEPT else None,
            }
            for skip in decision.outcome.skips
        ],
        "conflicts": [
            {"policy": each.policy.name, "field": each.field, "winner": each.winner.name}
            for each in decision.outcome.conflicts
        ],
        "patch": decision.outcome.operations(found.manifest.template, (*found.at, *found.manifest.at)),
    }


def _change(change: Change) -> dict[str, Any]:
    return {"policy": change.policy.name, "field": change.field, "value": change.value}
