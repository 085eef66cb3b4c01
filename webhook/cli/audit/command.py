"""`podtailor audit`: what would change, what slipped through, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import partial
from typing import Annotated

import typer
from msgspec import structs

from webhook.audit import what_if
from webhook.audit.costs.costs import Costs
from webhook.audit.enforcement import NOT_ENFORCED
from webhook.audit.findings import Finding
from webhook.audit.reports.scope import Scope
from webhook.audit.summary import Auditor
from webhook.cli.audit.fail_on import DEFAULT, FailOn, findings
from webhook.cli.audit.manifests import located_in, workloads_of
from webhook.cli.audit.platforms import OfArch, PlatformOptions, PlatformsFile
from webhook.cli.audit.reporting import AuditFormat, Reporter
from webhook.cli.audit.table import OWNERS
from webhook.cli.audit.usage import Measuring
from webhook.cli.common import options, prometheus
from webhook.cli.common.inputs import Filenames, Kustomization, Paths, Recursive, inputs_of
from webhook.cli.common.manifests import LocatedManifest
from webhook.cli.common.output import TABLE_OUTPUT, Format
from webhook.cli.common.policy_options import PolicyOptions, snapshot_from
from webhook.cli.common.problems import FailFast, Problems
from webhook.cli.common.tables import describe_columns
from webhook.cli.common.terminal import warn
from webhook.cli.shell.help import fill_help
from webhook.documents.find import Inputs
from webhook.errors import UsageError
from webhook.interrupt import INTERRUPTED
from webhook.messages.findings import FINDINGS
from webhook.model.names import Mode
from webhook.policies.shipped import Profile
from webhook.workloads.builtin_plugins import NO_PLUGINS


class WhatIf(StrEnum):
    ENFORCE = "enforce"


def audit(
    ctx: typer.Context,
    paths: Paths = None,
    filename: Filenames = None,
    kustomize: Kustomization = None,
    policies: options.Policies = None,
    builtin: options.BuiltIn = Profile.SAFE,
    preset: options.Presets = None,
    mode: options.ServerMode = Mode.ENFORCE,
    accelerator: options.AcceleratorPatterns = None,
    kubernetes_version: options.KubernetesVersion = None,
    namespace: Annotated[
        str | None,
        typer.Option(
            "--namespace",
            "-n",
            help="One namespace only; for manifests, the namespace of those that name none.",
        ),
    ] = None,
    selector: Annotated[
        str,
        typer.Option(
            "--selector",
            "-l",
            help="Only objects with these labels, as in kubectl, and all Pods of such owners.",
        ),
    ] = "",
    kinds: Annotated[
        str,
        typer.Option(
            "--kinds",
            metavar="KIND,...",
            help="Only owners of these kinds with their Pods, as Deployment,Job; Pod: Pods without an owner.",
        ),
    ] = "",
    controller: options.Controllers = None,
    what_if_: Annotated[
        WhatIf | None,
        typer.Option("--what-if", help="As if everything only audited or not selected were enforced."),
    ] = None,
    since: options.Since = "",
    prometheus_url: prometheus.Url = "",
    header: prometheus.Headers = None,
    bearer_file: prometheus.BearerFile = "",
    ca_file: prometheus.CaFile = "",
    cluster_label: prometheus.ClusterLabel = "",
    usage: prometheus.UsageFile = "",
    arch: OfArch = None,
    platforms: PlatformsFile = "",
    max_age: options.MaxAge = "24h",  # type: ignore[assignment]  # typer parses the default, and shows it
    fail_on: FailOn = DEFAULT,
    namespace_labels: options.NamespaceLabels = None,
    kubeconfig: options.Kubeconfig = None,
    context: options.Context = None,
    output: Annotated[AuditFormat, TABLE_OUTPUT] = Format.TABLE,
    *,
    all_namespaces: options.AllNamespaces = False,
    from_cluster: options.FromCluster = False,
    diff: Annotated[bool, typer.Option("--diff", help="With a diff of each object.")] = False,
    publish: Annotated[
        bool,
        typer.Option("--publish", help="Write a Report (openreports.io) into each namespace."),
    ] = False,
    recursive: Recursive = False,
    fail_fast: FailFast = False,
) -> None:
    """Report what podtailor would change in existing workloads. Changes nothing.

    Without -f it audits a cluster: live Pods, and the Pod templates of controllers, by the policies of the
    installed server, or by the built-in policies if none is installed. With paths, -f or -k it audits
    manifests. -o json prints one object per line. With --prometheus or --usage it also says which owners
    need more or less than they request; with --arch arm64, which would run on ARM64.

    \b
    Findings, worst first:
    FINDINGS

    \b
    Columns:
    COLUMNS

    \b
    Examples:
      podtailor audit
      podtailor audit -n shop --diff
      podtailor audit --policies new-policy.yaml --what-if enforce
      podtailor audit -o html > report.html
      podtailor audit -n shop --prometheus http://localhost:9090
      helm template ./chart | podtailor audit -f - --fail-on violation
      podtailor audit -f deploy/ -o github
    """
    inputs = inputs_of(
        "audit", paths, filename, recursive=recursive, kustomization=kustomize, others=policies
    )
    measuring = Measuring(
        prometheus.PrometheusOptions(
            url=prometheus_url,
            headers=header or (),
            bearer_file=bearer_file,
            ca_file=ca_file,
            cluster_label=cluster_label,
        ),
        usage,
        with_report=output is Format.HTML,
    )
    of_platform = PlatformOptions(arch, platforms, max_age)
    fails = findings(fail_on, is_measured=measuring.is_asked, is_of_platform=of_platform.is_asked)
    options.check_time(since)
    options.check_scope(namespace, all_namespaces=all_namespaces)
    _check_cluster_flags(inputs, output, is_part=bool(selector or kinds), publish=publish)
    templates = options.parse_controllers(controller)
    policy_options = PolicyOptions(
        policies=policies,
        builtin=builtin,
        preset=preset,
        mode=mode,
        accelerator=accelerator,
        kubernetes_version=kubernetes_version,
        namespace_labels=options.parse_labels(namespace_labels),
    )
    problems = Problems(fail_fast=fail_fast)
    reads_cluster = bool(not inputs or from_cluster or kubeconfig or context)
    limits = {"namespace": namespace, "labels": selector, "kinds": kinds, "what-if": what_if_}
    as_if_enforced = what_if_ is not None
    scope = structs.replace(
        _scope(inputs, limits, kubeconfig, context, reads_cluster=reads_cluster),
        usage=measuring.flags,
        tried=tuple(policies or ()),
        what_if=as_if_enforced,
    )
    reporter = Reporter(output, scope, problems, fails, with_diff=diff)
    located: Iterable[LocatedManifest] = located_in(inputs, templates, problems, measuring.add_document)
    if inputs and measuring.is_asked:
        located = list(located)  # read twice
    manifests = partial(workloads_of, located)
    is_complete = True
    if not reads_cluster:
        snapshot = snapshot_from(policy_options)
        snapshot = what_if.enforced(snapshot) if as_if_enforced else snapshot
        sizes = measuring.of_manifests(located, snapshot, namespace or "default")
        auditor = Auditor(
            snapshot,
            NOT_ENFORCED,
            sizes=sizes.by_owner,
            platforms=of_platform.of_manifests(),
            with_diff=reporter.with_diff,
        )
        reporter.judge_all(auditor, manifests(namespace or "default", NO_PLUGINS))
        reporter.finish(auditor, Costs(unknown_reason="no cluster was audited"), sizes)
    else:
        from webhook.cli.audit import cluster
        from webhook.cli.cluster import cluster_view
        from webhook.cli.common import connect
        from webhook.cluster.client import api_client

        api = api_client(kubeconfig, context, retry_429=True)
        default = connect.namespace_or_current(namespace, kubeconfig, context)
        # Manifests may be for any namespace.
        only = None if inputs else namespace
        part = cluster_view.cluster_part(api, only, default, all_namespaces=all_namespaces)
        view = cluster_view.read(api, part, policy_options, ctx, since=since, as_if_enforced=as_if_enforced)
        reporter.scope = structs.replace(scope, is_partial=bool(view.notes))
        if inputs:
            sizes = measuring.of_manifests(located, view.snapshot, default)
            auditor = cluster.audit_manifests(
                api,
                view,
                reporter,
                partial(manifests, default),
                sizes,
                of_platform.of_cluster(api, part.namespace),
            )
        else:
            selection = cluster_view.selection(api, part, selector, kinds, templates)
            sizes = measuring.of_cluster(api, view, selection)
            auditor = cluster.audit_cluster(
                api,
                view,
                reporter,
                selection,
                sizes,
                of_platform.of_cluster(api, part.namespace),
                publishes=publish,
            )
        is_complete = not view.notes  # of the audit too, which notes what it may not read
    if inputs and not (auditor.summary.objects or problems.found or reporter.interrupted):
        warn(f"{inputs.title}: no Pods or Pod templates found", name="no-pods")
    _exit(auditor, reporter, problems, fails, is_complete=is_complete)


fill_help(audit, "FINDINGS", (f"  {each.name:<16}  {each.title}" for each in FINDINGS))
describe_columns(audit, OWNERS)


def _exit(
    auditor: Auditor, reporter: Reporter, problems: Problems, fails: set[Finding], *, is_complete: bool
) -> None:
    if reporter.interrupted:
        raise typer.Exit(INTERRUPTED)
    problems.exit_if_any()
    has_failed = not auditor.summary.findings.isdisjoint({Finding.NOT_JUDGED, *fails})
    if has_failed or (fails and not is_complete):
        raise typer.Exit(1)


def _check_cluster_flags(inputs: Inputs, output: AuditFormat, *, is_part: bool, publish: bool) -> None:
    """Raises UsageError. `is_part`: whether labels or kinds select objects."""
    if inputs and (is_part or publish):
        raise UsageError("-l, --kinds and --publish audit a cluster: omit them with -f")
    if output in (Format.SARIF, Format.GITHUB) and not inputs:
        raise UsageError(
            f"-o {output} shows findings on lines of files, and objects of a cluster have none",
            hint="give manifests with -f, or take -o junit or -o markdown",
        )
    if publish and is_part:
        raise UsageError("--publish: a Report covers a whole namespace: omit -l and --kinds")


def _scope(
    inputs: Inputs,
    limits: Mapping[str, str | None],
    kubeconfig: str | None,
    context: str | None,
    *,
    reads_cluster: bool,
) -> Scope:
    """Raises ClusterError."""
    of = [f"{name} {value}" for name, value in limits.items() if value]
    if reads_cluster:
        from webhook.cluster.client import cluster_name

        of.insert(0, cluster_name(kubeconfig, context))
    given = {"--kubeconfig": kubeconfig, "--context": context}
    return Scope(
        of=", ".join([inputs.title, *of] if inputs else of),
        manifests=inputs.flags,
        connection=tuple(f"{flag}={value}" for flag, value in given.items() if value),
    )
