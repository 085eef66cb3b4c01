"""`podtailor audit`: what would change, what slipped through, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import partial
from typing import Annotated

import typer
from msgspec import structs

from webhook.audit import what_if
from webhook.audit.costs.costs import Costs
from webhook.audit.enforcement import NOT_ENFORCED
from webhook.audit.findings import WORST_FIRST, Finding, problem_of
from webhook.audit.reports.scope import Scope
from webhook.audit.summary import Auditor
from webhook.cli.audit.reporting import AuditFormat, Reporter
from webhook.cli.audit.table import OWNERS
from webhook.cli.common import options
from webhook.cli.common.inputs import Filenames, Kustomization, Paths, Recursive, inputs_of
from webhook.cli.common.manifests import LocatedManifest, TemplatePaths, find_manifests, read_manifests
from webhook.cli.common.output import TABLE_OUTPUT, Format
from webhook.cli.common.policy_options import PolicyOptions, snapshot_from
from webhook.cli.common.problems import FailFast, Problems
from webhook.cli.common.tables import describe_columns
from webhook.cli.common.terminal import warn
from webhook.cli.shell.help import fill_help
from webhook.cli.shell.usage import did_you_mean
from webhook.documents.find import Inputs
from webhook.documents.problems import Problem, ProblemName
from webhook.errors import UsageError
from webhook.interrupt import INTERRUPTED
from webhook.messages.findings import FINDINGS
from webhook.model.names import Mode
from webhook.model.place import Place
from webhook.policies.shipped import Profile
from webhook.workloads.builtin_plugins import NO_PLUGINS, Plugins
from webhook.workloads.workload import Workload, unreadable


class WhatIf(StrEnum):
    ENFORCE = "enforce"


_FAIL_ON = "violation,slipped-through"
FAIL_ON = tuple(each for each in WORST_FIRST if each is not Finding.NOT_JUDGED)
"""What --fail-on may name: `not-judged` always fails."""
NONE = "none"
"""The word of --fail-on for none of them."""


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
    fail_on: Annotated[
        str,
        typer.Option("--fail-on", metavar="FINDING,...", help="Findings that end with exit code 1; or none."),
    ] = _FAIL_ON,
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
    manifests. -o json prints one object per line.

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
      helm template ./chart | podtailor audit -f - --fail-on violation
      podtailor audit -f deploy/ -o github
    """
    inputs = inputs_of(
        "audit", paths, filename, recursive=recursive, kustomization=kustomize, others=policies
    )
    fails = _findings(fail_on)
    options.check_time(since)
    options.check_scope(namespace, all_namespaces=all_namespaces)
    if inputs and (selector or kinds or publish):
        raise UsageError("-l, --kinds and --publish audit a cluster: omit them with -f")
    if output in (Format.SARIF, Format.GITHUB) and not inputs:
        raise UsageError(
            f"-o {output} shows findings on lines of files, and objects of a cluster have none",
            hint="give manifests with -f, or take -o junit or -o markdown",
        )
    if publish and (selector or kinds):
        raise UsageError("--publish: a Report covers a whole namespace: omit -l and --kinds")
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
        tried=tuple(policies or ()),
        what_if=as_if_enforced,
    )
    reporter = Reporter(output, scope, problems, fails, with_diff=diff)
    manifests = partial(_manifests, inputs, templates, problems)
    is_complete = True
    if not reads_cluster:
        workloads = manifests(namespace or "default", NO_PLUGINS)
        auditor = _audit_without_cluster(policy_options, workloads, reporter, as_if_enforced=as_if_enforced)
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
            auditor = cluster.audit_manifests(api, view, reporter, partial(manifests, default))
        else:
            selection = cluster_view.selection(api, part, selector, kinds, templates)
            auditor = cluster.audit_cluster(api, view, reporter, selection, publishes=publish)
        is_complete = not view.notes  # of the audit too, which notes what it may not read
    if inputs and not (auditor.summary.objects or problems.found or reporter.interrupted):
        warn(f"{inputs.title}: no Pods or Pod templates found", name="no-pods")
    if reporter.interrupted:
        raise typer.Exit(INTERRUPTED)
    problems.exit_if_any()
    has_failed = not auditor.summary.findings.isdisjoint({Finding.NOT_JUDGED, *fails})
    if has_failed or (fails and not is_complete):
        raise typer.Exit(1)


fill_help(audit, "FINDINGS", (f"  {each.name:<15}  {each.title}" for each in FINDINGS))
describe_columns(audit, OWNERS)


def _audit_without_cluster(
    policy_options: PolicyOptions, workloads: Iterator[Workload], reporter: Reporter, *, as_if_enforced: bool
) -> Auditor:
    snapshot = snapshot_from(policy_options)
    if as_if_enforced:
        snapshot = what_if.enforced(snapshot)
    auditor = Auditor(snapshot, NOT_ENFORCED, with_diff=reporter.with_diff)
    reporter.judge_all(auditor, workloads)
    reporter.finish(auditor, Costs(unknown_reason="no cluster was audited"))
    return auditor


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


def _manifests(
    inputs: Inputs,
    templates: TemplatePaths,
    problems: Problems,
    namespace: str,
    plugins: Plugins,
) -> Iterator[Workload]:
    """The Pods and templates in files. Input without any object is a problem: what made it has failed."""
    has_objects = False
    for document in read_manifests(inputs, templates, problems.add):
        data = document.data
        has_objects |= isinstance(data, dict) and bool(data.get("apiVersion") and data.get("kind"))
        for located in find_manifests(document, templates, problems.add):
            yield _workload(located, namespace, plugins)
    if not (has_objects or problems.found):
        message = "no Kubernetes object found, so nothing was checked"
        hint = "check the command or file that it comes from"
        problems.add(Problem(ProblemName.NO_MANIFESTS, Place(inputs.title), message, hint=hint))


def _workload(located: LocatedManifest, namespace: str, plugins: Plugins) -> Workload:
    try:
        return located.workload(namespace, plugins)
    except Exception as error:  # noqa: BLE001 (an object can hold anything)
        return unreadable(located.ref(namespace), problem_of(error), located.place)


def _findings(text: str) -> set[Finding]:
    """Raises InputError."""
    words = [word for word in text.split(",") if word and word != NONE]
    unknown = next((word for word in words if word not in FAIL_ON), None)
    if unknown:
        message = f"--fail-on {unknown}: one of {', '.join(FAIL_ON)}, or none"
        raise UsageError(message, hint=did_you_mean(unknown, FAIL_ON))
    return set(map(Finding, words))
