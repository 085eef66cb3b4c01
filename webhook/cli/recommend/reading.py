"""The cluster that owners and some usage come from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import typer

from webhook.cli.common.policy_options import PolicyOptions
from webhook.cli.common.terminal import warn
from webhook.cli.recommend.owners import Owned

if TYPE_CHECKING:
    from webhook.cluster.client import Api


class Reading:
    """The cluster, connected to when it is needed."""

    def __init__(
        self, ctx: typer.Context, policies: PolicyOptions, kubeconfig: str | None, context: str | None
    ) -> None:
        self._ctx = ctx
        self.policies = policies
        self._kubeconfig = kubeconfig
        self._context = context

    @cached_property
    def api(self) -> Api:
        """Raises ClusterError."""
        from webhook.cluster.client import api_client

        return api_client(self._kubeconfig, self._context, retry_429=True)

    def owners(
        self, words: Sequence[str], namespace: str | None, selector: str, *, all_namespaces: bool
    ) -> Iterator[Owned]:
        """Raises InputError, ClusterError."""
        from webhook.audit.cluster.workloads import plugins
        from webhook.cli.cluster import cluster_view
        from webhook.cli.cluster.targets import find
        from webhook.cli.common import connect
        from webhook.cli.recommend.cluster import ClusterOwners
        from webhook.cluster.part import ClusterPart
        from webhook.workloads.controllers import CONTROLLERS
        from webhook.workloads.workload import Ref

        default = connect.namespace_or_current(namespace, self._kubeconfig, self._context)
        only = {Ref(each.kind.kind, default, each.document.data["metadata"]["name"]) for each in (
            find(self.api, words, CONTROLLERS, default) if words else ()
        )}  # fmt: skip
        part = ClusterPart(None if all_namespaces else default, [])
        view = cluster_view.read(self.api, part, self.policies, self._ctx)
        reader = ClusterOwners(self.api, view.snapshot, plugins(self.api, part), part)
        for each in sorted(view.snapshot.namespaces) if all_namespaces else [default]:
            yield from reader.of(each, only, selector)
        for note in dict.fromkeys(part.unreadable or ()):
            warn(note, name="incomplete-view")
