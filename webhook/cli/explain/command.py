"""`podtailor explain`: what podtailor does to a Pod, and why."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from webhook.cli.common import options
from webhook.cli.common.manifests import LocatedManifest, find_manifests, read_manifests
from webhook.cli.common.output import Format, Output, print_data
from webhook.cli.common.policy_options import PolicyOptions, snapshot_from
from webhook.cli.common.problems import FailFast, Problems
from webhook.cli.common.terminal import console, warn
from webhook.cli.explain.render import as_json, as_text, explain_or_warn
from webhook.engine import explain as engine
from webhook.errors import InputError
from webhook.model.names import Mode
from webhook.model.notice import Notice
from webhook.model.pod import NO_METADATA
from webhook.model.subject import labels_of
from webhook.policies.shipped import Profile
from webhook.workloads.builtin_plugins import NO_PLUGINS

if TYPE_CHECKING:
    from webhook.cli.cluster.cluster_view import ClusterView


def explain(
    ctx: typer.Context,
    live: Annotated[str | None, typer.Argument(metavar="pod/NAME", help="A live Pod.")] = None,
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
    output: Output = Format.TABLE,
    *,
    from_cluster: options.FromCluster = False,
    fail_fast: FailFast = False,
) -> None:
    """Explain a Pod: its workload types, policies and changed fields.

    \b
    Examples:
      podtailor explain -f statefulset.yaml
      podtailor explain -f pod.yaml --builtin strict -o json
      podtailor explain -f pod.yaml --from-cluster --namespace shop
      podtailor explain pod/web-0 --namespace shop
    """
    filenames = _filenames(live, filename, policies)
    templates = options.parse_controllers(controller)
    policy_options = PolicyOptions(
        policies=policies,
        builtin=builtin,
        preset=preset,
        mode=mode,
        accelerator=accelerator,
        namespace_labels=options.parse_labels(namespace_labels),
    )
    if from_cluster or live or kubeconfig or context:
        from webhook.audit.cluster.workloads import plugins
        from webhook.cli.cluster import cluster_view
        from webhook.cli.common import connect
        from webhook.cli.explain.live import explain_live
        from webhook.cluster.client import api_client

        api = api_client(kubeconfig, context, retry_429=True)
        namespace = connect.namespace_or_current(namespace, kubeconfig, context)
        # Manifests may be for any namespace.
        part = cluster_view.cluster_part(api, namespace if live else None, namespace)
        view = cluster_view.read(api, part, policy_options, ctx)
        snapshot, builtin_plugins = view.snapshot, NO_PLUGINS if live else plugins(api, part)
        for note in view.notes:
            warn(note)
        if live:
            explain_live(api, view, cluster_view.live_pod(api, view, live, namespace), namespace, output)
            return
    else:
        namespace = namespace or "default"
        view, builtin_plugins = None, NO_PLUGINS
        snapshot = snapshot_from(policy_options)
    problems = Problems(fail_fast=fail_fast)
    pods = [
        located
        for document in read_manifests(filenames, templates, problems.add)
        for located in find_manifests(document, templates, problems.add)
    ]
    explanations = [
        (located, explanation)
        for located in pods
        if (explanation := explain_or_warn(located, namespace, builtin_plugins, snapshot))
    ]
    if not pods and not problems.found:
        raise InputError("the input has no Pods and no Pod templates")
    if output is Format.TABLE:
        _print(explanations, namespace, view)
    else:
        data = [as_json(located, namespace, explanation) for located, explanation in explanations]
        print_data(data, output)
    problems.exit_if_any()
    if len(explanations) < len(pods):
        raise typer.Exit(1)


def _print(
    explanations: Iterable[tuple[LocatedManifest, engine.Explanation]],
    default_namespace: str,
    view: ClusterView | None,
) -> None:
    out = console()
    for index, (located, explanation) in enumerate(explanations):
        if index:
            out.print()
        for line in as_text(located, default_namespace, explanation):
            out.print(line)
        excluded = view and _excluded(view, located, default_namespace)
        if excluded:
            out.print(Text(f"\n  The API server does not call podtailor: {excluded}", style="yellow"))


def _excluded(view: ClusterView, located: LocatedManifest, default_namespace: str) -> Notice | None:
    namespace = view.snapshot.namespace(located.request(default_namespace).namespace)
    return view.enforcement.excludes(namespace, labels_of(located.manifest.admitted.metadata or NO_METADATA))


def _filenames(live: str | None, filename: list[str] | None, policies: list[str] | None) -> list[str]:
    """The files to explain; none for a live Pod. Raises InputError."""
    if live and filename:
        raise InputError("give pod/NAME of a live Pod, or -f FILE, not both")
    if not live and not filename:
        raise InputError("nothing to explain: give pod/NAME of a live Pod, or -f FILE (- for standard input)")
    return options.check_filenames(filename, policies) if filename else []
