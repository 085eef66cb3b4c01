"""`podtailor explain`: what podtailor does to a Pod, and why."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from webhook.cli.common import options
from webhook.cli.common.inputs import Filenames, Kustomization, Recursive, inputs_of, is_path
from webhook.cli.common.manifests import LocatedManifest, find_manifests, read_manifests
from webhook.cli.common.output import Format, Output, print_data
from webhook.cli.common.policy_options import PolicyOptions, snapshot_from
from webhook.cli.common.problems import FailFast, Problems
from webhook.cli.common.terminal import console, warn
from webhook.cli.explain.render import as_json, as_text, explain_or_warn
from webhook.documents.find import Inputs
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
    targets: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TARGET]...", help="pod/NAME of a live Pod; or paths, as with -f."),
    ] = None,
    filename: Filenames = None,
    kustomize: Kustomization = None,
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
    recursive: Recursive = False,
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
    paths = [*filter(is_path, targets or ())]
    inputs = inputs_of(
        "explain", paths, filename, recursive=recursive, kustomization=kustomize, others=policies
    )
    live = _live([each for each in targets or () if each not in paths], inputs)
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
        for document in read_manifests(inputs, templates, problems.add)
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


def _live(names: list[str], inputs: Inputs) -> str | None:
    """The live Pod to explain; None for manifests. Raises InputError."""
    if names and inputs:
        raise InputError("give pod/NAME of a live Pod, or manifests, not both")
    if len(names) > 1:
        raise InputError("give one live Pod")
    if not names and not inputs:
        raise InputError(
            "nothing to explain: give pod/NAME of a live Pod, a file or directory, or - for standard input"
        )
    return names[0] if names else None
