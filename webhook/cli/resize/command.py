"""`podtailor resize`: give the Pods of a workload other sizes, while they run."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from webhook.cli.common import options, prometheus
from webhook.cli.common.output import Format, TableOutput, print_data
from webhook.cli.common.tables import describe_columns
from webhook.cli.common.terminal import print_error
from webhook.cli.resize import table, wanted
from webhook.cli.resize.resizing import Resizing
from webhook.cli.resize.sizes_file import read_sizes
from webhook.cli.resize.template import TemplateOptions
from webhook.cluster.client import api_client
from webhook.errors import InputError, UsageError
from webhook.interrupt import INTERRUPTED, by_any_signal
from webhook.model.notice import Notice
from webhook.resize.facts import Allowed, Wanted
from webhook.resize.owners import Owner, read_owner
from webhook.resize.pod import Pod
from webhook.resize.settings import OnDeferred, OnInfeasible, Settings
from webhook.resize.template import TemplateMode
from webhook.resize.template_rules import OVERRIDE
from webhook.resize.words import Given
from webhook.usage.measured import InUse, Window
from webhook.workloads.controllers import PODS, Controller
from webhook.workloads.workload import Ref


def resize(
    objects: Annotated[
        list[str], typer.Argument(metavar="TYPE/NAME...", help="Workloads or Pods, named as in kubectl.")
    ],
    namespace: options.CurrentNamespace = None,
    container: Annotated[
        list[str] | None,
        typer.Option(
            "--container", "-c", help="Only this container (repeatable); needed if there are several."
        ),
    ] = None,
    cpu: Annotated[
        list[str] | None,
        typer.Option(
            "--cpu",
            metavar="SIZE",
            help="CPU, as REQUEST, REQUEST:LIMIT or :LIMIT; CONTAINER=SIZE of one container (repeatable).",
        ),
    ] = None,
    memory: Annotated[
        list[str] | None, typer.Option("--memory", metavar="SIZE", help="Memory, written alike.")
    ] = None,
    from_file: Annotated[
        str,
        typer.Option(
            "--from", metavar="FILE", help="Sizes that `podtailor recommend -o json` wrote; - is stdin."
        ),
    ] = "",
    prometheus_url: prometheus.Url = "",
    header: prometheus.Headers = None,
    bearer_file: prometheus.BearerFile = "",
    ca_file: prometheus.CaFile = "",
    cluster_label: prometheus.ClusterLabel = "",
    kubeconfig: options.Kubeconfig = None,
    context: options.Context = None,
    output: TableOutput = Format.TABLE,
    margin: Annotated[
        float,
        typer.Option(
            "--margin",
            min=0,
            help="A lower memory limit is at least this times what is in use; 0: do not ask.",
        ),
    ] = 1.2,
    canary: Annotated[int, typer.Option("--canary", min=1, help="How many Pods are resized first.")] = 1,
    batch: Annotated[
        int,
        typer.Option("--batch", min=1, max=100, metavar="PERCENT", help="How many Pods at once afterwards."),
    ] = 25,
    settle: Annotated[
        float,
        typer.Option("--settle", min=0, metavar="SECONDS", help="How long each batch is watched for harm."),
    ] = 60,
    timeout: Annotated[
        float, typer.Option("--timeout", min=1, metavar="SECONDS", help="Timeout of one Pod.")
    ] = 600,
    on_deferred: Annotated[
        OnDeferred | None,
        typer.Option(
            "--on-deferred",
            help="What to do while a Node has no room. By default it waits, if there is room at first.",
        ),
    ] = None,
    on_infeasible: Annotated[
        OnInfeasible, typer.Option("--on-infeasible", help="What to do if a Node cannot do it.")
    ] = OnInfeasible.REVERT,
    template: Annotated[
        TemplateMode,
        typer.Option(
            "--template",
            help="Print the patch for the template, change it too without a rollout, or leave it.",
        ),
    ] = TemplateMode.PRINT,
    *,
    apply: Annotated[bool, typer.Option("--apply", help="Do it; without it a plan is printed.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --apply: print the plan, and change nothing.")
    ] = False,
    allow_restart: Annotated[
        bool, typer.Option("--allow-restart", help="Also if containers restart: one Pod after the other.")
    ] = False,
    i_own_the_template: Annotated[
        bool,
        typer.Option(OVERRIDE, help="With --template=in-step: also if a tool or an operator writes it."),
    ] = False,
    with_hpa: Annotated[
        bool, typer.Option("--with-hpa", help="Also if a HorizontalPodAutoscaler may scale because of it.")
    ] = False,
) -> None:
    """Change CPU and memory of running Pods, without a restart, and take it back where it harms.

    A SIZE is a request, a limit after a colon, or both: 500m, 500m:1, :2Gi. Each can be relative to what the
    Pod has: +20%, -10%, x1.5. The limit = equals the request, as in 500m:=. app=500m is for container
    app alone. Without sizes, Pods get those that a new Pod would have.

    Without --apply it prints a plan, and asks the API server whether it would take it. With --apply it
    resizes a first Pod, waits for its kubelet, watches it, and goes on with the others in batches. A Pod that
    restarts, is OOMKilled or is no longer Ready gets its old values back, and the run stops.

    A changed template makes all Pods again, so its patch is printed. --template=in-step changes template and
    Pods without a rollout: if interrupted, it prints what goes on.

    In -o json, `refusals` are what refuses the whole workload. A Pod that is refused alone has the result
    `refused`, with the first reason and its message. `template.differs` are fields that nobody asked to
    change, in which Pods and template differ.

    \b
    COLUMNS

    \b
    Examples:
      podtailor resize deployment/web --memory :2Gi
      podtailor resize deployment/web --memory :2Gi --apply
      podtailor resize statefulset/db --cpu +20% --memory 2Gi:= --apply
      podtailor resize deployment/web --memory :2Gi --template in-step --apply
    """
    if dry_run and not apply:
        raise UsageError("--dry-run needs --apply: without it nothing is changed")
    sizes = wanted.of_flags(cpu or [], memory or [])
    if sizes and from_file:
        raise UsageError("give --cpu and --memory, or --from, not both")
    by_owner = read_sizes(from_file) if from_file else {}
    from webhook.cli.cluster.cluster_view import all_controllers
    from webhook.cli.cluster.targets import find_one, named
    from webhook.cli.common.connect import namespace_or_current

    api = api_client(kubeconfig, context, retry_429=True)
    where = namespace_or_current(namespace, kubeconfig, context)
    allowed = Allowed(
        margin_milli=round(margin * 1000),
        restart=allow_restart,
        hpa=with_hpa,
        waiting=on_deferred is OnDeferred.WAIT,
    )
    settings = Settings(
        canary=canary,
        batch_percent=batch,
        settle=settle,
        timeout=timeout,
        on_deferred=on_deferred or OnDeferred.WAIT,
        on_infeasible=on_infeasible,
    )
    options_of_template = TemplateOptions(mode=template, is_own=i_own_the_template)
    measured = prometheus.PrometheusOptions(
        url=prometheus_url,
        headers=header or (),
        bearer_file=bearer_file,
        ca_file=ca_file,
        cluster_label=cluster_label,
    )
    measured.check()
    in_use_in = _in_use_in(measured)
    cluster = {"--kubeconfig": kubeconfig, "--context": context}
    given = Given(
        allowed=allowed,
        settings=settings,
        template=options_of_template.flags,
        cluster=(*(f"{flag}={value}" for flag, value in cluster.items() if value), *measured.flags()),
    )
    kinds = (PODS, *all_controllers(api, {}))

    def resize_one(kind: Controller | None, name: str) -> Resizing:
        target = find_one(api, kind, name, kinds, where)
        owner = read_owner(target.kind.kind, target.raw)
        in_use = in_use_in(where)
        resizing = Resizing(api, owner, given, options_of_template, output, in_use)

        def wanted_of(owner: Owner, pods: Sequence[Pod]) -> tuple[Wanted, tuple[Notice, ...]]:
            if sizes:
                return wanted.for_containers(owner, pods, container or [], sizes), ()
            if from_file:
                return wanted.of_file(owner, pods, by_owner, from_file, container or []), ()
            return wanted.of_new_pod(api, target.kind, owner, pods, container or [])

        resizing.plan(wanted_of)
        if apply and not dry_run:
            resizing.run()
        if resizing.exit_code != INTERRUPTED:
            resizing.show_template()
        return resizing

    with by_any_signal():
        exit_code = _one_after_the_other(named(objects, kinds), where, resize_one, output)
    raise typer.Exit(exit_code)


def _in_use_in(options: prometheus.PrometheusOptions) -> Callable[[str], InUse]:
    """What a Prometheus API says of a namespace; nothing if none was named.

    Raises InputError if the server does not answer, or has no usage of containers.
    """
    if not options.url:
        return lambda _: {}
    from webhook.usage.prometheus.source import PrometheusUsage

    window = Window.before(time.time(), _PEAK_SECONDS, _STEP_SECONDS)
    source = PrometheusUsage(options.server(), window, cluster=options.cluster)
    source.check()
    return source.in_use


# A lower memory limit is compared with the most of a week too.
_PEAK_SECONDS = 7 * 24 * 3600
_STEP_SECONDS = 300


def _one_after_the_other(
    targets: Sequence[tuple[Controller | None, str]],
    namespace: str,
    resize_one: Callable[[Controller | None, str], Resizing],
    output: Format,
) -> int:
    """The worst exit code: what is wrong with one target keeps no other from being resized.

    Raises InputError if there is only one. Nothing is begun after an interrupt.
    """
    data: list[dict[str, Any]] = []
    exit_code = 0
    for kind, name in targets:
        try:
            resizing = resize_one(kind, name)
        except InputError as error:
            if len(targets) == 1:
                raise
            title = f"{kind.kind.lower()}/{name}" if kind else name
            print_error(f"{title}: {error}", name=error.name, hint=error.hint)
            ref = Ref(kind.kind if kind else "", namespace, name)
            data.append({"owner": ref, "error": {"name": error.name, "message": str(error)}})
            exit_code = max(exit_code, 2)
        except KeyboardInterrupt:
            if not data:
                raise
            exit_code = INTERRUPTED
        else:
            data.append(resizing.as_data())
            exit_code = max(exit_code, resizing.exit_code)
        if exit_code == INTERRUPTED:
            break
    if output in (Format.JSON, Format.YAML):
        print_data(data if len(targets) > 1 else data[0], output)
    return exit_code


describe_columns(resize, table.COLUMNS)
