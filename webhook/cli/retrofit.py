"""`podtailor retrofit`: how Pods that exist get what admission would give them now."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from webhook.audit.findings import Finding
from webhook.audit.summary import Auditor
from webhook.cli.common import options
from webhook.cli.common.output import Format, pluralize, print_json
from webhook.cli.common.terminal import console, print_error, warn
from webhook.cluster.client import api_client
from webhook.engine.snapshot import Snapshot
from webhook.errors import InputError
from webhook.retrofit.plan import ByHand, Plan, Planner, Restart

if TYPE_CHECKING:
    from webhook.cluster.client import Api

_INTERRUPTED = 130


def retrofit(
    namespace: Annotated[str | None, typer.Option("--namespace", "-n", help="One namespace only.")] = None,
    selector: Annotated[
        str, typer.Option("--selector", "-l", help="Only Pods with these labels, as kubectl's -l.")
    ] = "",
    kubeconfig: options.Kubeconfig = None,
    context: options.Context = None,
    output: Annotated[Format, typer.Option("--output", "-o", help="Text for people, or JSON.")] = Format.TEXT,
    since: options.Since = "",
    timeout: Annotated[
        float, typer.Option("--timeout", min=1, metavar="SECONDS", help="How long one rollout may take.")
    ] = 600,
    *,
    all_namespaces: options.AllNamespaces = False,
    apply: Annotated[
        bool,
        typer.Option(
            "--apply",
            help="Do it: resize, then restart one owner after the other, each once the last is done.",
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --apply: ask the API server, and change nothing.")
    ] = False,
) -> None:
    """Say how Pods that came before podtailor, or slipped through, get what they lack.

    The least disruptive repair comes first. A resize repairs a Pod that lacks requests or limits alone and
    keeps its QoS class. All else takes a new Pod: owners that roll out are restarted. Pods that nobody would
    make anew are named, and never deleted.

    With --apply what is refused is told at the end, and does not keep the others from being done. Before each
    restart a new Pod is tried with a dry run: where it would not be tailored, nothing more is restarted.

    Interrupted or stuck, it can be run again: what is repaired by then is not in the list any more.

    \b
    Examples:
      podtailor retrofit
      podtailor retrofit -n shop --apply --dry-run
      podtailor retrofit -n shop --apply

    \b
    Exit codes: 0 done, 1 something was refused, stuck or not tailored, or a Pod could not be judged,
    2 wrong usage or input that cannot be used, 130 interrupted.
    """
    if dry_run and not apply:
        raise InputError("--dry-run is for --apply: without it nothing is changed anyway")
    options.check_scope(namespace, all_namespaces=all_namespaces)
    options.check_time(since)
    from webhook.audit.cluster.evidence import with_evidence
    from webhook.audit.cluster.workloads import Cluster
    from webhook.audit.diagnosis import webhook_problems
    from webhook.cli.cluster import cluster_view
    from webhook.cli.common import connect
    from webhook.retrofit import rollout

    api = api_client(kubeconfig, context, retry_429=True)
    with cluster_view.progress() as on_progress:
        own = connect.namespace_or_current(namespace, kubeconfig, context)
        part = cluster_view.cluster_part(api, namespace, own, all_namespaces=all_namespaces)
        view = cluster_view.read(api, part, since=since)
        scope = cluster_view.scope(api, part, selector, "", {})
        cluster = Cluster(api, view.snapshot, scope, on_progress)
        enforcement = with_evidence(view.enforcement, view.snapshot, cluster.first_applied)
        auditor, planner = Auditor(view.snapshot, enforcement), Planner()
        for workload in cluster.workloads():
            verdict = auditor.judge(workload)
            if verdict.problem:
                warn(f"{workload.ref} could not be judged: {verdict.problem}")
            planner.add(workload, verdict)
    plan = rollout.without_futile_restarts(api, planner.plan())
    for note in view.notes:
        warn(note)
    if part.unreadable and apply:
        raise InputError("nothing is changed as long as you may not read all that decides")
    unreached = webhook_problems(view.installed, None, datetime.now(UTC)) if apply else []
    if unreached:
        raise InputError("new Pods would be as the old ones: " + "; ".join(unreached))
    if output is Format.JSON:
        print_json(_as_json(plan))
    else:
        _show(plan, is_sure=not part.unreadable)
    if apply:
        _apply(api, plan, view.snapshot, timeout, dry_run=dry_run)
    if Finding.NOT_JUDGED in auditor.summary.found:
        raise typer.Exit(1)


def _show(plan: Plan, *, is_sure: bool) -> None:
    out = console()

    def said(title: str, lines: list[str]) -> None:
        if lines:
            out.print(Text(title, style="bold"))
            for line in lines:
                out.print(Text(f"  {line}"))

    said("A resize repairs these Pods as they run:", list(map(str, plan.resizes)))
    said("These make their Pods anew, one after the other:", list(map(str, plan.restarts)))
    said("These are for you:", list(map(_by_hand, plan.by_hand)))
    if plan.not_in_force:
        pods = pluralize(plan.not_in_force, "Pod")
        only = " only if more were enforced" if is_sure else ", as far as is known"
        out.print(f"{pods} would change{only}: see podtailor audit.")
    if plan.refused:
        pods = pluralize(plan.refused, "Pod")
        out.print(f"{pods} would be refused if made anew: podtailor audit says why.")
    if plan.drifted:
        pods = pluralize(plan.drifted, "Pod")
        out.print(f"{pods} drifted: resized since, and left as that: podtailor audit says from what.")
    if plan == Plan((), (), ()):
        known = "" if is_sure else ", as far as is known"
        out.print(f"Every live Pod has what admission would give it now{known}.")


def _by_hand(each: ByHand) -> str:
    pods = "" if each.owner.kind == "Pod" else f" ({', '.join(each.pods)})"
    return f"{each.owner}{pods}: {each.why}"


def _apply(api: Api, plan: Plan, snapshot: Snapshot, timeout: float, *, dry_run: bool) -> None:
    """What is refused is told, and what can be done is done all the same. Raises typer.Exit."""
    from webhook.errors import ClusterError
    from webhook.retrofit import rollout

    out = console()
    refused: list[str] = []
    for each in plan.resizes:
        try:
            rollout.resize(api, each, dry_run=dry_run)
            out.print(Text(f"{each.pod}: {'would be resized' if dry_run else 'resized'}"))
        except ClusterError as error:
            refused.append(str(error))
    for index, restart in enumerate(plan.restarts):
        name = f"{index + 1}/{len(plan.restarts)} {restart.owner}"
        left = _left(plan.restarts[index + 1 :])
        try:
            said = _restart(api, restart, snapshot, name, timeout, dry_run=dry_run)
        except rollout.StuckError as error:
            out.print(Text.assemble((str(error), "red"), left))
            _told(refused)
            raise typer.Exit(1) from error
        except ClusterError as error:
            refused.append(str(error))
            continue
        except KeyboardInterrupt:
            out.print(Text(f"{name}: interrupted; its rollout goes on{left}"))
            _told(refused)
            raise typer.Exit(_INTERRUPTED) from None
        out.print(Text(f"{name}: {said}"))
    if refused:
        _told(refused)
        raise typer.Exit(1)


def _told(refused: list[str]) -> None:
    for each in refused:
        print_error(f"not done: {each}")


def _restart(
    api: Api, restart: Restart, snapshot: Snapshot, name: str, timeout: float, *, dry_run: bool
) -> str:
    """What came of it. One that is under way already, of an earlier try, is waited for.

    Raises StuckError where new Pods are not tailored: those of the other owners would not be either.
    """
    from webhook.retrofit import rollout, trial

    lacked = trial.fields_a_new_pod_lacks(api, restart.owner, snapshot)
    if lacked:
        raise rollout.StuckError(
            f"{restart.owner}: not restarted, for a new Pod would lack {', '.join(lacked)}: "
            "does podtailor answer? podtailor certs check says whether the API server can call it"
        )
    rolling = rollout.rollout_status(api, restart.owner)
    if rolling is None:
        return "it has gone meanwhile"
    if rolling.is_done:
        rollout.restart(api, restart.owner, dry_run=dry_run)
    if dry_run:
        return "would be restarted"
    with console().status(f"{name}: restarted") as status:
        for done, wanted in rollout.watch_rollout(api, restart.owner, timeout):
            status.update(f"{name}: {done} of {wanted} Pods are new")
    for pod, lacked in trial.pods_lacking_fields(api, restart.owner, snapshot):
        raise rollout.StuckError(f"{restart.owner}: Pod {pod} has come back without {', '.join(lacked)}")
    return f"new, {pluralize(len(restart.names), 'Pod')}"


def _left(restarts: tuple[Restart, ...]) -> str:
    return f"; not restarted: {pluralize(len(restarts), 'owner')}" if restarts else ""


def _as_json(plan: Plan) -> dict[str, object]:
    return {
        "resizes": [
            {"namespace": each.pod.namespace, "pod": each.pod.name, "patch": each.patch, "command": str(each)}
            for each in plan.resizes
        ],
        "restarts": [
            {"owner": each.owner, "pods": each.names, "command": str(each)} for each in plan.restarts
        ],
        "byHand": plan.by_hand,
        "notInForce": plan.not_in_force,
        "refused": plan.refused,
        "drifted": plan.drifted,
    }
