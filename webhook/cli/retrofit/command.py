"""`podtailor retrofit`: repair live Pods that differ from what would be created now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import structs
from rich.text import Text

from webhook.audit.findings import Finding
from webhook.audit.summary import Auditor
from webhook.cli.common import options
from webhook.cli.common.output import Format, Output, pluralize, print_data
from webhook.cli.common.progress import progress
from webhook.cli.common.terminal import console, print_error, print_sentence, warn
from webhook.cluster.client import api_client
from webhook.cluster.part import ClusterPart
from webhook.engine.snapshot import Snapshot
from webhook.errors import ClusterError, InputError, UsageError
from webhook.interrupt import INTERRUPTED, by_any_signal
from webhook.resize.settings import Settings
from webhook.resize.words import Given
from webhook.retrofit.plan import ManualRepair, Plan, Planner, Restart

if TYPE_CHECKING:
    from webhook.cli.retrofit.resizes import Resizes
    from webhook.cluster.client import Api
    from webhook.retrofit.resize import Planned


def retrofit(
    namespace: Annotated[str | None, typer.Option("--namespace", "-n", help="One namespace only.")] = None,
    selector: Annotated[
        str, typer.Option("--selector", "-l", help="Only Pods with these labels, as in kubectl.")
    ] = "",
    kubeconfig: options.Kubeconfig = None,
    context: options.Context = None,
    output: Output = Format.TABLE,
    since: options.Since = "",
    timeout: Annotated[
        float,
        typer.Option(
            "--timeout", min=1, metavar="SECONDS", help="Timeout of one rollout, and of one resize."
        ),
    ] = 600,
    settle: Annotated[
        float,
        typer.Option(
            "--settle", min=0, metavar="SECONDS", help="How long resized Pods are watched for harm."
        ),
    ] = 60,
    *,
    all_namespaces: options.AllNamespaces = False,
    apply: Annotated[
        bool,
        typer.Option(
            "--apply",
            help="Repair: resize Pods, then restart owners, one at a time.",
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --apply: send requests as dry runs, which change nothing.")
    ] = False,
) -> None:
    """Print or apply repairs for Pods that admission did not tailor.

    The least disruptive repair comes first. A resize is enough for a Pod that lacks only requests or limits
    and keeps its QoS class. Other Pods must be replaced: owners that support rollouts are restarted. Pods
    that no rollout replaces are listed, never deleted.

    With --apply, a refused repair is reported at the end and does not stop the others. Before each restart a
    new Pod is created as a dry run; if it would not be tailored, no further owner is restarted.

    After an interrupt or a timeout, run it again: repaired Pods are no longer listed.

    \b
    Examples:
      podtailor retrofit
      podtailor retrofit -n shop --apply --dry-run
      podtailor retrofit -n shop --apply
    """
    if dry_run and not apply:
        raise UsageError("--dry-run needs --apply: without it nothing is changed")
    options.check_scope(namespace, all_namespaces=all_namespaces)
    options.check_time(since)
    from webhook.audit.cluster.evidence import with_evidence
    from webhook.audit.cluster.workloads import Cluster
    from webhook.audit.diagnosis import webhook_problems
    from webhook.cli.cluster import cluster_view
    from webhook.cli.common import connect
    from webhook.cli.retrofit.resizes import Resizes
    from webhook.retrofit import rollout

    api = api_client(kubeconfig, context, retry_429=True)
    with progress() as on_progress:
        default = connect.namespace_or_current(namespace, kubeconfig, context)
        part = cluster_view.cluster_part(api, namespace, default, all_namespaces=all_namespaces)
        view = cluster_view.read(api, part, since=since)
        selection = cluster_view.selection(api, part, selector, "", {})
        cluster = Cluster(api, view.snapshot, selection, on_progress)
        enforcement = with_evidence(view.enforcement, view.snapshot, cluster.first_applied)
        auditor, planner = Auditor(view.snapshot, enforcement), Planner()
        for workload in cluster.workloads():
            verdict = auditor.judge(workload)
            if verdict.problem:
                warn(f"{workload.ref} could not be judged: {verdict.problem}", name=Finding.NOT_JUDGED)
            planner.add(workload, verdict)
    plan = rollout.without_futile_restarts(api, planner.plan())
    for note in view.notes:
        warn(note, name="incomplete-view")
    if part.unreadable and apply:
        raise InputError(
            "--apply changes nothing, because you may not read everything that decides about Pods",
            name="incomplete-view",
            hint="`kubectl auth can-i --list` shows what you may read; docs/security.md has the roles",
        )
    problems = webhook_problems(view.installed, None, datetime.now(UTC)) if apply else []
    if (
        problems and not view.enforcement.exported
    ):  # else a dry run of each new Pod says whether it is tailored
        raise InputError(
            "new Pods would not change: " + "; ".join(problems),
            name="not-installed" if view.installed.webhook is None else "not-called",
            hint="`podtailor certs check` says more; `kubectl apply -k manifests/overlays/audit` installs it",
        )
    flags = {"--kubeconfig": kubeconfig, "--context": context}
    given = Given(cluster=tuple(f"{flag}={value}" for flag, value in flags.items() if value))
    planned = _ask_the_rules(api, plan, given)
    plan = _after_the_rules(plan, planned)
    if output is Format.TABLE:
        _show(plan, is_complete=not part.unreadable)
    else:
        print_data(_as_json(plan), output)
    if apply:
        with by_any_signal():
            resizes = Resizes(api, Settings(settle=settle, timeout=timeout), given)
            resizes.run(planned, dry_run=dry_run)
            _apply(api, plan, view.snapshot, timeout, resizes, dry_run=dry_run)
    if Finding.NOT_JUDGED in auditor.summary.findings:
        raise typer.Exit(1)


def _show(plan: Plan, *, is_complete: bool) -> None:
    def section(title: str, lines: Iterable[object]) -> None:
        for index, line in enumerate(lines):
            if not index:
                print_sentence(Text(title, style="bold"))
            print_sentence(Text(f"  {line}"))

    section("A resize repairs these Pods without a restart:", plan.resizes)
    section("These owners restart their Pods, one at a time:", plan.restarts)
    section("These are left to you:", (line for each in plan.by_hand for line in _by_hand(each)))
    for sentence in _sentences(plan, is_complete=is_complete):
        print_sentence(Text(sentence))


def _sentences(plan: Plan, *, is_complete: bool) -> Iterator[str]:
    if plan.not_in_force:
        pods = pluralize(plan.not_in_force, "Pod")
        only = " only if more policies were enforced" if is_complete else ", as far as is known"
        yield f"{pods} would change{only}; podtailor audit lists them."
    if plan.refused:
        pods = pluralize(plan.refused, "Pod")
        yield f"{pods} would be denied if created now; podtailor audit gives the reasons."
    if plan.drifted:
        pods = pluralize(plan.drifted, "Pod")
        yield (
            f"{pods} drifted: such a resize may be intended, so it is kept; podtailor explain says who did "
            "it, and podtailor resize undoes it."
        )
    if plan == Plan():
        known = "" if is_complete else ", as far as is known"
        yield f"No live Pod lacks anything that admission would add now{known}."


def _by_hand(each: ManualRepair) -> Iterator[str]:
    yield f"{each} [{each.name}]" if each.name else str(each)
    yield from (f"  {hint}" for hint in each.hints)


def _ask_the_rules(api: Api, plan: Plan, given: Given) -> list[Planned]:
    """What may be resized, by the rules of `resize`."""
    from webhook.retrofit import resize

    part = ClusterPart(unreadable=[])
    planned = list(resize.plans(api, plan.resizes, part, given))
    for note in dict.fromkeys(part.unreadable or ()):
        warn(note, name="incomplete-view")
    return planned


def _after_the_rules(plan: Plan, planned: Sequence[Planned]) -> Plan:
    """The plan with the resizes that are refused left to the user."""
    due = {(pod.pod.metadata.namespace, pod.pod.name) for each in planned for pod in each.plan.due}
    left = (repair for each in planned for repair in each.left_to_user)
    return structs.replace(
        plan,
        resizes=tuple(each for each in plan.resizes if (each.pod.namespace, each.pod.name) in due),
        by_hand=(*plan.by_hand, *left),
    )


def _apply(
    api: Api, plan: Plan, snapshot: Snapshot, timeout: float, resizes: Resizes, *, dry_run: bool
) -> None:
    """Restarts what is not refused, and reports the rest at the end. Raises typer.Exit."""
    from webhook.retrofit import rollout

    out = console()
    refused = resizes.not_done
    if resizes.is_interrupted:
        out.print(Text(f"interrupted{_remaining(plan.restarts)}"))
        _print_refused(refused)
        raise typer.Exit(INTERRUPTED)
    for index, restart in enumerate(plan.restarts):
        name = f"{index + 1}/{len(plan.restarts)} {restart.owner}"
        remaining = _remaining(plan.restarts[index + 1 :])
        try:
            result = _restart(api, restart, snapshot, name, timeout, dry_run=dry_run)
        except rollout.StuckError as error:
            out.print(Text.assemble((str(error), "red"), remaining))
            _print_refused(refused)
            raise typer.Exit(1) from error
        except ClusterError as error:
            refused.append(error)
            continue
        except KeyboardInterrupt:
            out.print(Text(f"{name}: interrupted; its rollout continues{remaining}"))
            _print_refused(refused)
            raise typer.Exit(INTERRUPTED) from None
        out.print(Text(f"{name}: {result}"))
    if refused:
        _print_refused(refused)
        raise typer.Exit(1)


def _print_refused(refused: list[ClusterError]) -> None:
    for each in refused:
        print_error(f"not done: {each}", name=each.name, hint=each.hint)


def _restart(
    api: Api, restart: Restart, snapshot: Snapshot, name: str, timeout: float, *, dry_run: bool
) -> str:
    """The result in words. A rollout that an earlier run started is waited for, not restarted.

    Raises StuckError if new Pods are not tailored: those of other owners would not be either.
    """
    from webhook.retrofit import rollout, trial

    lacked = trial.fields_a_new_pod_lacks(api, restart.owner, snapshot)
    if lacked:
        raise rollout.StuckError(
            f"{restart.owner}: not restarted: a new Pod would lack {', '.join(lacked)}. "
            "Does podtailor answer? podtailor certs check says whether the API server can call it, and "
            "podtailor export --check whether a policy that was exported is up to date"
        )
    current = rollout.rollout_status(api, restart.owner)
    if current is None:
        return "it was deleted meanwhile"
    if current.is_done:
        rollout.restart(api, restart.owner, dry_run=dry_run)
    if dry_run:
        return "would be restarted"
    with console().status(f"{name}: restarted") as status:
        for done, wanted in rollout.watch_rollout(api, restart.owner, timeout):
            status.update(f"{name}: {done} of {wanted} Pods are new")
    for pod, lacked in trial.pods_lacking_fields(api, restart.owner, snapshot):
        raise rollout.StuckError(f"{restart.owner}: new Pod {pod} lacks {', '.join(lacked)}")
    return f"restarted, {pluralize(len(restart.pods), 'Pod')}"


def _remaining(restarts: tuple[Restart, ...]) -> str:
    return f"; not restarted: {pluralize(len(restarts), 'owner')}" if restarts else ""


def _as_json(plan: Plan) -> dict[str, object]:
    return {
        "resizes": [
            {"namespace": each.pod.namespace, "pod": each.pod.name, "patch": each.patch, "command": str(each)}
            for each in plan.resizes
        ],
        "restarts": [
            {"owner": each.owner, "pods": each.pods, "command": str(each)} for each in plan.restarts
        ],
        "byHand": plan.by_hand,
        "notInForce": plan.not_in_force,
        "refused": plan.refused,
        "drifted": plan.drifted,
    }
