"""Policies and namespaces of a cluster, read once or watched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from webhook.cli.common.policy_options import PolicyOptions
from webhook.cli.common.terminal import warn
from webhook.cluster.client import api_client, current_namespace
from webhook.cluster.event_writer import EventWriter
from webhook.cluster.policy_status import PolicyStatus
from webhook.cluster.snapshots import SnapshotSource
from webhook.cluster.status_writer import StatusWriter
from webhook.engine.snapshot import Snapshot
from webhook.model.policy import Policy
from webhook.policies.shipped import shipped


def file_source(snapshot: Snapshot, options: PolicyOptions) -> SnapshotSource:
    """Policies of files, which are read again when they change."""
    return SnapshotSource(snapshot, _shipped(options), list(options.policies or ()), None)


def cluster_source(
    snapshot: Snapshot, options: PolicyOptions, kubeconfig: str | None, context: str | None
) -> tuple[SnapshotSource, EventWriter]:
    """Policies and namespaces of the cluster, and policies of files; and what writes Events.

    Raises InputError, ClusterError.
    """
    api = api_client(kubeconfig, context)
    statuses, events = StatusWriter(api), EventWriter(api)

    def report(changes: Mapping[str, PolicyStatus | None]) -> None:
        events.report_policies(changes)
        statuses.enqueue(changes)

    source = SnapshotSource(snapshot, _shipped(options), list(options.policies or ()), api, report)
    statuses.start()
    events.start()
    return source, events


def _shipped(options: PolicyOptions) -> tuple[Policy, ...]:
    return shipped(options.builtin, options.preset or ())


def warn_unready(policy_statuses: Iterable[PolicyStatus]) -> None:
    for each in policy_statuses:
        if not each.is_ready:
            warn(
                f"{each.display_name}: {each.message}; replicas that started earlier may use an older version"
            )


def namespace_or_current(namespace: str | None, kubeconfig: str | None, context: str | None) -> str:
    """The namespace given, or that of the context, as in kubectl. Raises ClusterError."""
    return namespace or current_namespace(kubeconfig, context)
