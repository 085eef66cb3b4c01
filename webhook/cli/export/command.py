"""`podtailor export`: the policies as a MutatingAdmissionPolicy, which the API server itself applies."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

import typer

from webhook.cli.common import options
from webhook.cli.common.output import OUTPUT, DataFormat, Format, print_data
from webhook.cli.common.policy_options import PolicyOptions, snapshot_from
from webhook.cli.common.terminal import write
from webhook.cli.export import notices
from webhook.cli.export.sources import Sources, check_version, flags_of
from webhook.documents import yaml_dump
from webhook.errors import UsageError
from webhook.export.document import Exported, Options, Reinvocation
from webhook.export.export import Refused
from webhook.export.export import export as made_of
from webhook.policies.shipped import Profile

# Of an object of the API group, as of a DNS subdomain.
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*", re.ASCII)
_MAX_NAME = 253


def export(
    ctx: typer.Context,
    policies: options.Policies = None,
    builtin: options.BuiltIn = Profile.SAFE,
    preset: options.Presets = None,
    accelerator: options.AcceleratorPatterns = None,
    kubernetes_version: options.KubernetesVersion = None,
    name: Annotated[str, typer.Option("--name", help="Name of both objects.")] = Options().name,
    reinvocation: Annotated[
        Reinvocation,
        typer.Option(
            "--reinvocation", help="Whether containers that webhooks inject are tailored too, for more CPU."
        ),
    ] = Reinvocation.IF_NEEDED,
    kubeconfig: options.Kubeconfig = None,
    context: options.Context = None,
    output: Annotated[DataFormat, OUTPUT] = Format.YAML,
    *,
    from_cluster: options.FromCluster = False,
    partial: Annotated[
        bool, typer.Option("--partial", help="Leave out policies that cannot be exported, and say which.")
    ] = False,
    despite_limitranges: Annotated[
        bool,
        typer.Option(
            "--despite-limitranges", help="Although a LimitRange bounds Pods, which may be refused."
        ),
    ] = False,
    check: Annotated[
        bool,
        typer.Option("--check", help="Print nothing; exit with 1 if the cluster has something else applied."),
    ] = False,
) -> None:
    """Print the policies as a MutatingAdmissionPolicy, for Kubernetes 1.36 and newer.

    The API server then tailors Pods itself, without the webhook, to the same values. All policies are one
    object, with its binding. Policies that the API server cannot apply are errors, and nothing is printed.

    \b
    Examples:
      podtailor export | kubectl apply --server-side -f -
      podtailor export -p policies/ --builtin strict > exported.yaml
      podtailor export --from-cluster --check
    """
    if len(name) > _MAX_NAME or not _NAME.fullmatch(name):
        raise UsageError(f"--name {name}: write lower case letters, digits, - and .")
    check_version(kubernetes_version)
    own = PolicyOptions(
        policies=policies,
        builtin=builtin,
        preset=preset,
        accelerator=accelerator,
        kubernetes_version=kubernetes_version,
    )
    reads_cluster = from_cluster or (not check and bool(kubeconfig or context))
    if despite_limitranges and not reads_cluster:
        raise UsageError(
            "--despite-limitranges is about the namespaces of a cluster: give --from-cluster too"
        )
    api = None
    if reads_cluster or check:
        from webhook.cli.export import cluster
        from webhook.cluster.version import minor_version

        api = cluster.connect(kubeconfig, context)
    if api and reads_cluster:
        # What is applied is compared, whatever LimitRanges have come since.
        despite = despite_limitranges or check
        sources = cluster.policies_of_cluster(own, ctx, api, name=name, despite_limitranges=despite)
    else:
        snapshot = snapshot_from(own)
        version = (minor_version(api) if api else None) or kubernetes_version
        sources = Sources((*snapshot.policies,), snapshot.accelerators, flags_of(own), version)
    wanted = Options(
        name=name,
        reinvocation=reinvocation,
        flags=sources.flags,
        kubernetes=sources.kubernetes,
        namespaces=sources.namespaces,
    )
    made = _made(sources, wanted, policies or (), partial=partial)
    if api and check:
        cluster.check(made, api, None if reads_cluster else sources.kubernetes)
        return
    notices.print_lost(sources.policies)
    if output is Format.YAML:
        write("".join(f"# {line}\n" for line in made.comments))
        write("".join(f"---\n{yaml_dump.dump(each)}" for each in made.objects))
    else:
        print_data({"apiVersion": "v1", "kind": "List", "items": [*made.objects]}, Format.JSON)


def _made(sources: Sources, wanted: Options, paths: Sequence[str], *, partial: bool) -> Exported:
    """Raises typer.Exit."""
    try:
        result = made_of(sources.policies, sources.accelerators, wanted, is_partial=partial)
    except Refused as refused:
        notices.print_refused(refused.reasons, paths)
        raise typer.Exit(1) from None
    notices.warn_left_out(result.left_out, paths)
    return result.exported
