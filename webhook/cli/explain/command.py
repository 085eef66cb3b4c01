"""`podtailor explain`: what podtailor does to a Pod, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from webhook.cli.common import options
from webhook.cli.common.inputs import Filenames, Kustomization, Recursive, inputs_of, split_targets
from webhook.cli.common.manifests import LocatedManifest, TemplatePaths, find_manifests, read_manifests
from webhook.cli.common.output import Format, Output, print_data
from webhook.cli.common.policy_options import PolicyOptions, snapshot_from
from webhook.cli.common.problems import FailFast, Problems
from webhook.cli.common.terminal import print_sentence, warn
from webhook.cli.explain.render import as_json, as_text, explain_or_warn
from webhook.documents.find import Inputs
from webhook.engine import explain as engine
from webhook.errors import InputError, UsageError
from webhook.model.names import Mode
from webhook.policies.shipped import Profile
from webhook.workloads.builtin_plugins import NO_PLUGINS
from webhook.workloads.controllers import PODS

if TYPE_CHECKING:
    from webhook.cli.cluster.cluster_view import ClusterView
    from webhook.cluster.client import Api


def explain(
    ctx: typer.Context,
    targets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TARGET",
            help="A live Pod or owner, as TYPE/NAME, TYPE NAME or NAME; or paths, as with -f.",
        ),
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
    kubernetes_version: options.KubernetesVersion = None,
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

    Of an owner, such as a Deployment, it explains the template, and counts its live Pods by their finding.

    \b
    Examples:
      podtailor explain statefulset.yaml
      podtailor explain pod.yaml --builtin strict -o json
      podtailor explain pod.yaml --from-cluster --namespace shop
      podtailor explain pod/web-0 --namespace shop
      podtailor explain deployment/web sts/db
      podtailor explain deploy web
    """
    names, paths = split_targets(targets or ())
    inputs = inputs_of(
        "explain", paths, filename, recursive=recursive, kustomization=kustomize, others=policies
    )
    _check(names, inputs)
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
    if from_cluster or names or kubeconfig or context:
        from webhook.audit.cluster.workloads import plugins
        from webhook.cli.cluster import cluster_view
        from webhook.cli.common import connect
        from webhook.cluster.client import api_client

        api = api_client(kubeconfig, context, retry_429=True)
        namespace = connect.namespace_or_current(namespace, kubeconfig, context)
        # Manifests may be for any namespace.
        part = cluster_view.cluster_part(api, namespace if names else None, namespace)
        view = cluster_view.read(api, part, policy_options, ctx)
        snapshot, builtin_plugins = view.snapshot, NO_PLUGINS if names else plugins(api, part)
        for note in view.notes:
            warn(note, name="incomplete-view")
        if names:
            _explain_live(api, view, names, namespace, templates, output)
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
        raise InputError("the input has no Pods and no Pod templates", name="no-pods")
    if output is Format.TABLE:
        _print(explanations, namespace, view)
    else:
        data = [as_json(located, namespace, explanation) for located, explanation in explanations]
        print_data(data, output)
    problems.exit_if_any()
    if len(explanations) < len(pods):
        raise typer.Exit(1)


def _explain_live(
    api: Api, view: ClusterView, names: list[str], namespace: str, templates: TemplatePaths, output: Output
) -> None:
    """Objects of the cluster. Raises InputError, ClusterError, typer.Exit."""
    from webhook.cli.cluster.cluster_view import all_controllers
    from webhook.cli.cluster.targets import find
    from webhook.cli.explain.live import Live

    controllers = all_controllers(api, templates)
    found = find(api, names, (PODS, *controllers), namespace)
    live = Live(api, view, namespace, controllers, templates)
    results = [each for target in found for each in live.explain(target)]
    explained = [each for each in results if each]
    if output is not Format.TABLE:
        print_data([each.data for each in explained], output)
    else:
        _print_lines(each.lines for each in explained)
    if len(explained) < len(results):
        raise typer.Exit(1)


def _print_lines(blocks: Iterable[Iterable[Text]]) -> None:
    for index, lines in enumerate(blocks):
        if index:
            print()
        for line in lines:
            print_sentence(line)


def _print(
    explanations: Iterable[tuple[LocatedManifest, engine.Explanation]],
    default_namespace: str,
    view: ClusterView | None,
) -> None:
    _print_lines(
        _lines(located, explanation, default_namespace, view) for located, explanation in explanations
    )


def _lines(
    located: LocatedManifest,
    explanation: engine.Explanation,
    default_namespace: str,
    view: ClusterView | None,
) -> Iterator[Text]:
    yield from as_text(located, default_namespace, explanation)
    excluded = view and view.exclusion(located, default_namespace)
    if excluded:
        yield Text(f"\n  The API server does not call podtailor: {excluded}", style="yellow")


def _check(names: list[str], inputs: Inputs) -> None:
    """Raises InputError."""
    if names and inputs:
        raise UsageError("give objects of the cluster, or manifests, not both")
    if not names and not inputs:
        raise UsageError(
            "nothing to explain: give TYPE/NAME of a live object, a path, or - for standard input"
        )
