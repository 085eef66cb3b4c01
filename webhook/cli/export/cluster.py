"""What `export` asks a cluster: its policies, what an exported policy would not see, and what is applied."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from webhook.audit.cluster.exported import exported_policies
from webhook.cli.cluster import cluster_view
from webhook.cli.cluster.server_args import override, parse_server_args
from webhook.cli.common.policy_options import PolicyOptions
from webhook.cli.common.terminal import print_error, print_hint, warn, write
from webhook.cli.export.sources import Sources, check_version, flags_of
from webhook.cluster.client import Api, api_client
from webhook.cluster.part import WHOLE_CLUSTER
from webhook.cluster.version import minor_version
from webhook.engine.snapshot import Snapshot
from webhook.export import marks
from webhook.export.comparison import comparison
from webhook.export.document import Exported
from webhook.export.namespaces import unseen
from webhook.model.names import Mode
from webhook.model.policy import Policy

_SHOWN = 5


def policies_of_cluster(
    own: PolicyOptions, ctx: typer.Context, api: Api, *, name: str, despite_limitranges: bool
) -> Sources:
    """With the options of the installed server, except for those given. Raises InputError, typer.Exit.

    `name`: of the objects, which may be there already.
    """
    view = cluster_view.read(api, WHOLE_CLUSTER, own, ctx)
    check_version(view.snapshot.kubernetes)
    wanted = override(parse_server_args(view.installed.arguments).policy_options, own, ctx)
    if wanted.mode is not Mode.ENFORCE:
        print_error(
            f"the server runs with --mode={wanted.mode}; an exported policy would enforce, except in "
            "namespaces with another label podtailor.dev/mode",
            name="server-mode",
            hint="run the server with --mode=Enforce first, or export its policies from files",
        )
        raise typer.Exit(1)
    policies = (*view.snapshot.policies,)
    _check_namespaces(view.snapshot, policies, despite_limitranges=despite_limitranges)
    installed = view.installed
    scopes = [each.scope for each in installed.exported if each.name == name]
    scope = next(iter((*([installed.webhook] if installed.webhook else []), *scopes)), None)
    return Sources(
        policies,
        view.snapshot.accelerators,
        flags_of(wanted),
        view.snapshot.kubernetes,
        scope.namespaces.requirements if scope else (),
    )


def connect(kubeconfig: str | None, context: str | None) -> Api:
    """Raises ClusterError."""
    return api_client(kubeconfig, context, retry_429=True)


def check(made: Exported, api: Api, version: int | None) -> None:
    """Whether the cluster has applied it. Raises ClusterError, typer.Exit.

    `version`: minor one of Kubernetes, if a flag must tell it to whoever exports again.
    """
    check_version(minor_version(api))
    name = made.policy["metadata"]["name"]
    applied = next((each for each in exported_policies(api) if each.name == name), None)
    policy, binding = (applied.policy, applied.binding) if applied else (None, None)
    found = [*comparison(made, policy, binding)]
    if not found:
        write(f"{marks.POLICY_KIND} {name} is what these policies compile to\n")
        return
    for each in found:
        print_error(each.text, name=each.name)
    options = "the same options" + (f" and --kubernetes-version 1.{version}" if version else "")
    print_hint(f"podtailor export with {options}, piped to `kubectl apply --server-side -f -`, applies it")
    raise typer.Exit(1)


def _check_namespaces(snapshot: Snapshot, policies: Sequence[Policy], *, despite_limitranges: bool) -> None:
    """Raises typer.Exit."""
    found = unseen(snapshot.namespaces.values(), policies)
    if found.others:
        warn(
            "namespaces with a quota, LimitRange or tolerationsWhitelist that an exported policy does not "
            f"see: {_listed(found.others)}",
            name="unseen-rules",
        )
    if not found.pod_bounds:
        return
    names = ", ".join(found.pod_bounds)
    text = f"namespaces in which a LimitRange bounds whole Pods, which may be refused then: {names}"
    if despite_limitranges:
        warn(text, name="unseen-bounds")
        return
    print_error(
        text,
        name="unseen-bounds",
        hint="--despite-limitranges exports all the same\n"
        "the label podtailor.dev/injection=disabled spares a namespace",
    )
    raise typer.Exit(1)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"
