"""`podtailor explain`: the whole reasoning for a manifest, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from webhook.audit.findings import problem_of
from webhook.cli.common import options
from webhook.cli.common.manifests import Found, find_pods, read, snapshot_from
from webhook.cli.common.output import Format, print_json
from webhook.cli.common.terminal import console, warn
from webhook.cli.explain.reasons import REASONS
from webhook.engine import explain as engine
from webhook.engine.annotation import applied_of
from webhook.engine.apply import Outcome
from webhook.engine.match import NAMESPACE
from webhook.engine.qos import QosMove
from webhook.engine.snapshot import Snapshot
from webhook.errors import InputError
from webhook.model.draft import Change, Reason
from webhook.model.names import APPLIED, Mode
from webhook.model.pod import NO_METADATA
from webhook.model.subject import labels_of
from webhook.policies.policy_tests import said
from webhook.policies.shipped import Profile
from webhook.workloads.builtin_plugins import NO_PLUGINS, Plugins

if TYPE_CHECKING:
    from webhook.cli.cluster.cluster_view import Look


def explain(
    here: typer.Context,
    live: Annotated[
        str | None, typer.Argument(metavar="pod/NAME", help="A Pod of the cluster, as it is now.")
    ] = None,
    filename: options.Filenames = None,
    policies: options.Policies = None,
    builtin: options.BuiltIn = Profile.SAFE,
    preset: options.Presets = None,
    mode: options.ServerMode = Mode.ENFORCE,
    namespace: options.CurrentNamespace = None,
    namespace_labels: options.NamespaceLabels = None,
    accelerator: options.AcceleratorPatterns = None,
    controller: options.Controllers = None,
    kubeconfig: options.Kubeconfig = None,
    context: options.Context = None,
    output: Annotated[Format, typer.Option("--output", "-o", help="Text for people, or JSON.")] = Format.TEXT,
    *,
    from_cluster: options.FromCluster = False,
) -> None:
    """Say why a Pod is tailored as it is: its types, each policy's verdict, each field's origin.

    \b
    Examples:
      podtailor explain -f statefulset.yaml
      podtailor explain -f pod.yaml --namespace-labels podtailor.dev/mode=audit -o json
      podtailor explain -f pod.yaml --from-cluster --namespace shop
      podtailor explain pod/web-0 --namespace shop

    \b
    Exit codes: 0 done, 1 one of them could not be judged, 2 wrong usage or input that cannot be used.
    """
    filenames = _filenames(live, filename, policies)
    others = options.controllers_of(controller)
    if from_cluster or live or kubeconfig or context:
        from webhook.audit.cluster.workloads import plugins
        from webhook.cli.cluster import cluster_view
        from webhook.cli.common import connect
        from webhook.cli.explain.live import explain_live
        from webhook.cluster.client import api_client

        api = api_client(kubeconfig, context, retry_429=True)
        namespace = connect.namespace_of(namespace, kubeconfig, context)
        # Manifests may be for any namespace.
        part = cluster_view.part_of(api, namespace if live else None, namespace)
        look = cluster_view.look(api, part, here, policies)
        snapshot, there = look.snapshot, NO_PLUGINS if live else plugins(api, part)
        for note in look.notes:
            warn(note)
        if live:
            explain_live(api, look, cluster_view.live_pod(api, look, live, namespace), namespace, output)
            return
    else:
        namespace = namespace or "default"
        look, there = None, NO_PLUGINS
        snapshot = snapshot_from(
            policies,
            builtin,
            preset,
            mode=mode,
            accelerators=accelerator,
            namespace_labels=options.labels_of(namespace_labels),
        )
    asked = [found for document in read(filenames, others) for found in find_pods(document, others)]
    found_out = [
        (found, explanation)
        for found in asked
        if (explanation := explained(found, namespace, there, snapshot))
    ]
    if not asked:
        raise InputError("nothing in there is a Pod or has a Pod template")
    if output is Format.JSON:
        print_json([as_json(found, namespace, explanation) for found, explanation in found_out])
    else:
        _print(found_out, namespace, look)
    if len(found_out) < len(asked):
        raise typer.Exit(1)


def explained(
    found: Found, namespace: str, plugins: Plugins, snapshot: Snapshot
) -> engine.Explanation | None:
    """None for a Pod that cannot be judged: then a warning says why."""
    try:
        return engine.explain(found.request(namespace, plugins), snapshot)
    except Exception as error:  # noqa: BLE001 (an object can hold anything)
        warn(f"{found.title} could not be judged: {problem_of(error)}")
        return None


def _print(found_out: Iterable[tuple[Found, engine.Explanation]], namespace: str, look: Look | None) -> None:
    out = console()
    for index, (found, explanation) in enumerate(found_out):
        if index:
            out.print()
        for line in in_words(found, namespace, explanation):
            out.print(line)
        spared = look and _spared(look, found, namespace)
        if spared:
            out.print(Text(f"\n  But the API server does not ask: {spared}", style="yellow"))


def _spared(look: Look, found: Found, namespace: str) -> str | None:
    within = look.snapshot.namespace(found.request(namespace).namespace)
    return look.enforcement.spares(within, labels_of(found.manifest.admitted.metadata or NO_METADATA))


def _filenames(live: str | None, filename: list[str] | None, policies: list[str] | None) -> list[str]:
    """The files to explain; none for a live Pod. Raises InputError."""
    if live and filename:
        raise InputError("give pod/NAME of a live Pod, or -f FILE, not both")
    if not live and not filename:
        raise InputError("nothing to explain: give pod/NAME of a live Pod, or -f FILE (- for standard input)")
    return options.filenames_of(filename, policies) if filename else []


def in_words(
    found: Found, namespace: str, explanation: engine.Explanation, *, sets: str = "Sets"
) -> Iterator[Text]:
    decision = explanation.decision
    name = f"{found.manifest.kind} {found.request(namespace).namespace}/{found.manifest.name}"
    yield Text.assemble((name, "bold"), f"  {found.document.place(found.at)}")
    if decision.left_alone:
        yield Text(f"  left alone, {decision.left_alone}")
        return
    for workload_type, seen in explanation.classification.evidence:
        yield Text(f"  is {workload_type}: {seen}")
    yield Text(f"  the mode here is {decision.mode}")
    yield Text(f"  {_qos(decision.outcome.qos)}")
    if decision.denied:
        yield Text.assemble(("  would be refused: ", "red"), decision.denied)
    for warning in decision.warnings:
        yield Text.assemble(("  warning: ", "yellow"), warning)
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
            yield Text(f"    {change.field} = {said(change.value)}  by {change.policy.name}")
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
        "leftAlone": decision.left_alone,
        "workloadTypes": [
            {"type": workload_type, "because": seen}
            for workload_type, seen in explanation.classification.evidence
        ],
        "mode": decision.mode,
        "qosClass": decision.outcome.qos,
        "warnings": decision.warnings,
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
