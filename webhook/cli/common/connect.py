"""Policies and namespaces of a cluster, read once or watched."""

from __future__ import annotations

from collections.abc import Iterable

from webhook.cli.common.policy_options import PolicyOptions
from webhook.cli.common.terminal import warn
from webhook.cluster.client import api_client, current_namespace
from webhook.cluster.feedback import ClusterFeedback
from webhook.cluster.policy_status import PolicyStatus
from webhook.cluster.snapshots import SnapshotSource
from webhook.engine.snapshot import Snapshot
from webhook.images.known import known_images
from webhook.model.policy import Policy
from webhook.policies.shipped import shipped


def file_source(snapshot: Snapshot, options: PolicyOptions) -> SnapshotSource:
    """Policies of files, which are read again when they change."""
    return SnapshotSource(snapshot, _shipped(options), list(options.policies or ()), None)


def cluster_source(
    snapshot: Snapshot, options: PolicyOptions, kubeconfig: str | None, context: str | None
) -> tuple[SnapshotSource, ClusterFeedback]:
    """Policies and namespaces of the cluster, and policies of files; and what is written back to it.

    Raises InputError, ClusterError.
    """
    api = api_client(kubeconfig, context)
    feedback = ClusterFeedback(api)
    paths = list(options.policies or ())
    source = SnapshotSource(snapshot, _shipped(options), paths, api, feedback.report_policies, known_images)
    feedback.start()
    return source, feedback


def _shipped(options: PolicyOptions) -> tuple[Policy, ...]:
    return shipped(options.builtin, options.preset or ())


def warn_unready(policy_statuses: Iterable[PolicyStatus]) -> None:
    for each in policy_statuses:
        if not each.is_ready:
            older = "replicas that started earlier may use an older version"
            warn(f"{each.display_name}: {each.message}; {older}", name=each.reason)


def namespace_or_current(namespace: str | None, kubeconfig: str | None, context: str | None) -> str:
    """The namespace given, or that of the context, as in kubectl. Raises ClusterError."""
    return namespace or current_namespace(kubeconfig, context)
