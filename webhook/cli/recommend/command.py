"""`podtailor recommend`: sizes from what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated

import typer
from rich.text import Text

from webhook.cli.common import options, prometheus
from webhook.cli.common.inputs import Filenames, Recursive, inputs_of
from webhook.cli.common.manifests import find_manifests, read_manifests
from webhook.cli.common.output import TABLE_OUTPUT, Format, print_data
from webhook.cli.common.policy_options import PolicyOptions, snapshot_from
from webhook.cli.common.problems import Problems
from webhook.cli.common.tables import describe_columns
from webhook.cli.common.terminal import print_sentence, warn, write
from webhook.cli.recommend import table, trials
from webhook.cli.recommend.flags import (
    Grouping,
    RecommendFormat,
    Write,
    check_apply,
    check_asked,
    check_output,
)
from webhook.cli.recommend.judging import Results, by_namespace, judged
from webhook.cli.recommend.owners import Owned
from webhook.cli.recommend.reading import Reading
from webhook.cli.recommend.sources import SourceOptions, Usage, usage_of
from webhook.cli.recommend.writing import write_manifests, write_patches, write_policies
from webhook.documents.files import Document
from webhook.documents.find import SUFFIXES
from webhook.documents.problems import Problem, ProblemName
from webhook.errors import UsageError
from webhook.model.place import Place
from webhook.policies.shipped import Profile
from webhook.recommend.backtest import Backtest
from webhook.recommend.rules import Rules
from webhook.recommend.to_json import backtest_to_json, to_json
from webhook.workloads.workload import Ref


def recommend(
    ctx: typer.Context,
    objects: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TYPE/NAME]...", help="Workloads, named as in kubectl; otherwise all."),
    ] = None,
    filename: Filenames = None,
    namespace: options.CurrentNamespace = None,
    selector: Annotated[
        str, typer.Option("--selector", "-l", help="Only workloads with these labels, as in kubectl.")
    ] = "",
    prometheus_url: prometheus.Url = "",
    header: prometheus.Headers = None,
    bearer_file: prometheus.BearerFile = "",
    ca_file: prometheus.CaFile = "",
    cluster_label: prometheus.ClusterLabel = "",
    usage: prometheus.UsageFile = "",
    window: Annotated[
        timedelta,
        typer.Option("--window", parser=options.parse_duration, metavar="DURATION", help="How far back."),
    ] = "7d",  # type: ignore[assignment]  # typer parses the default, and shows it
    step: Annotated[
        timedelta,
        typer.Option("--step", parser=options.parse_duration, metavar="DURATION", help="Of rates of CPU."),
    ] = "5m",  # type: ignore[assignment]  # same
    cpu_quantile: Annotated[
        float,
        typer.Option("--cpu-quantile", min=0.5, max=0.999, help="The CPU request goes by this quantile."),
    ] = 0.95,
    cpu_margin: Annotated[
        float, typer.Option("--cpu-margin", min=1, max=9.999, help="The request is this many times it.")
    ] = 1.15,
    memory_margin: Annotated[
        float,
        typer.Option("--memory-margin", min=1, max=9.999, help="Memory is this many times its peak."),
    ] = 1.15,
    min_change: Annotated[
        int, typer.Option("--min-change", min=0, metavar="PERCENT", help="Smaller changes are left out.")
    ] = 10,
    max_shrink: Annotated[
        int,
        typer.Option(
            "--max-shrink", min=1, max=100, metavar="PERCENT", help="The most that a run takes off."
        ),
    ] = 50,
    policies: options.Policies = None,
    builtin: options.BuiltIn = Profile.SAFE,
    preset: options.Presets = None,
    kubeconfig: options.Kubeconfig = None,
    context: options.Context = None,
    output: Annotated[RecommendFormat, TABLE_OUTPUT] = Format.TABLE,
    write_: Annotated[
        Write | None,
        typer.Option(
            "--write",
            help="Print policies in mode Audit, or patches for kustomize; or write the manifests of -f.",
        ),
    ] = None,
    by: Annotated[
        Grouping,
        typer.Option("--by", help="Of --write policy: one for all owners that share an image, or for each."),
    ] = Grouping.OWNER,
    *,
    vpa: Annotated[
        bool, typer.Option("--vpa", help="Usage is what VerticalPodAutoscalers have found.")
    ] = False,
    metrics_api: Annotated[
        bool, typer.Option("--metrics-api", help="Usage is that of now, which can only raise.")
    ] = False,
    all_namespaces: options.AllNamespaces = False,
    recursive: Recursive = False,
    with_hpa: Annotated[
        bool,
        typer.Option("--with-hpa", help="Also what a HorizontalPodAutoscaler goes by, with its new target."),
    ] = False,
    allow_shrink_memory: Annotated[
        bool,
        typer.Option("--allow-shrink-memory", help="Also of a JVM, of Node.js, databases and caches."),
    ] = False,
    backtest: Annotated[
        bool,
        typer.Option("--backtest", help="Also what sizes by the first part of the window did in the last."),
    ] = False,
    apply: Annotated[
        bool,
        typer.Option("--apply", help="With --write policy: write the policies into the cluster."),
    ] = False,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 if anything is to change.")
    ] = False,
) -> None:
    """Say what containers need, by what they have used, and why.

    CPU requests are P95 of the busiest Pod and 15 %, memory requests the highest peak and 15 %; by peaks for
    Guaranteed and stateful Pods. What was OOM-killed, throttled or near its limit gets no less, and less than
    three days of usage only raise. Sizes fit LimitRanges, quotas and Nodes. Changes nothing but with
    --write manifests, or --write policy --apply.

    With -f the workloads are those of manifests, and no cluster is read unless usage comes from one. Of
    autoscalers, LimitRanges and quotas only those in the same files are known.

    Exit code 1 means that some containers could not be judged; with --apply, that no policy could be written.

    \b
    COLUMNS

    \b
    Examples:
      podtailor recommend -n shop --prometheus http://localhost:9090
      podtailor recommend deployment/web --metrics-api
      podtailor recommend -f deploy/ --usage week.json --write manifests
      podtailor recommend -n shop --vpa -o json > sizes.json
    """
    inputs = inputs_of("recommend", None, filename, recursive=recursive, others=policies)
    options.check_scope(namespace, all_namespaces=all_namespaces)
    if inputs and (objects or selector or all_namespaces):
        raise UsageError("-f names manifests: omit objects of the cluster, -l and -A")
    file = next((each for each in objects or () if each == "-" or each.endswith(SUFFIXES)), None)
    if file:
        raise UsageError(f"{file}: not an object of a cluster", hint=f"for manifests write -f {file}")
    check_output(write_, output, by, is_of_files=bool(inputs), backtest=backtest, with_hpa=with_hpa)
    check_apply(write_, by, is_of_files=bool(inputs), apply=apply)
    check_asked(ctx, prometheus_url)
    reading = Reading(
        ctx,
        PolicyOptions(policies=policies, builtin=builtin, preset=preset),
        kubeconfig,
        context,
    )
    measured = usage_of(
        SourceOptions(
            prometheus=prometheus.PrometheusOptions(
                url=prometheus_url,
                headers=header or (),
                bearer_file=bearer_file,
                ca_file=ca_file,
                cluster_label=cluster_label,
            ),
            usage=usage,
            vpa=vpa,
            metrics_api=metrics_api,
            step=step.total_seconds(),
        ),
        lambda: reading.api,
    )
    rules = Rules(
        cpu_quantile=round(cpu_quantile * 1000),
        window=round(window.total_seconds()),
        cpu_margin=round(cpu_margin * 1000),
        memory_margin=round(memory_margin * 1000),
        min_change=min_change * 10,
        max_shrink=max_shrink * 10,
        with_hpa=with_hpa,
        allow_shrink_memory=allow_shrink_memory,
    )
    problems = Problems()
    documents: list[Document] = []
    if inputs:
        from webhook.cli.recommend.beside import Beside

        documents += read_manifests(inputs, on_problem=problems.add)
        located = (
            each for document in documents for each in find_manifests(document, on_problem=problems.add)
        )
        default = namespace or "default"
        beside = Beside(documents, default, problems.add)
        owners = beside.owners(located, snapshot_from(reading.policies), default)
        if not owners and not problems.found:
            message = "no workload found, so nothing is recommended"
            problems.add(Problem(ProblemName.NO_MANIFESTS, Place(inputs.title), message))
        problems.exit_if_any()
    else:
        owners = list(reading.owners(objects or (), namespace, selector, all_namespaces=all_namespaces))
    results = judged(owners, measured, rules)
    _warn_about(measured, owners, rules)
    tried = trials.tried(owners, measured, rules) if backtest else {}
    found = [each for _, several in results for each in several]
    is_done = all(each.is_judged for each in found) and not (backtest and len(tried) < len(owners))
    match write_:
        case Write.POLICY:
            api = reading.api if apply else None
            is_written = write_policies(results, api, by_image=by is Grouping.IMAGE, is_whole=all_namespaces)
            is_done = is_written if apply else is_done
        case Write.PATCH:
            write_patches(results)
        case Write.MANIFESTS:
            write_manifests(documents, results, problems)
        case None:
            _print(results, output, tried)
    if not is_done or (exit_code and any(each.changes for each in found)):
        raise typer.Exit(1)


describe_columns(recommend, table.COLUMNS)


def _warn_about(measured: Usage, owners: Sequence[Owned], rules: Rules) -> None:
    for name in by_namespace(owners):
        usage = measured.of(name, rules)
        for problem in usage.problems:
            warn(f"{name}: {problem.detail}: nothing is recommended", name=problem.reason)
        for note in usage.notes:
            warn(f"{name}: {note.detail}", name=note.reason)


def _print(results: Results, output: RecommendFormat, tried: Mapping[Ref, Backtest]) -> None:
    if output in (Format.JSON, Format.YAML):
        data = to_json(each for _, found in results for each in found)
        print_data({**data, "backtest": backtest_to_json(tried)} if tried else data, output)
        return
    namespaces = {owned.found.state.ref.namespace for owned, _ in results}
    rows = [
        table.Row(each, owned.found.state.pods, len(namespaces) > 1)
        for owned, found in results
        for each in found
    ]
    if output is Format.MARKDOWN:
        write(table.markdown(rows))
        return
    table.print_rows(rows, wide=output is Format.WIDE)
    print_sentence(Text(table.totals(rows)))
    trials.print_trials(tried, wide=output is Format.WIDE)
