"""The audit of a cluster, and of manifests by the policies of a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from msgspec import structs

from webhook.audit.cluster.evidence import with_evidence
from webhook.audit.cluster.workloads import Cluster, Scope, plugins
from webhook.audit.costs.costing import Costs, costing_of
from webhook.audit.diagnosis import webhook_problems
from webhook.audit.reports.publish import Publisher
from webhook.audit.summary import Auditor
from webhook.cli.audit.reporting import Reporter
from webhook.cli.cluster.cluster_view import ClusterView, progress
from webhook.cli.common.terminal import warn
from webhook.cluster.client import Api
from webhook.workloads.builtin_plugins import Plugins
from webhook.workloads.workload import Workload


def of_objects(api: Api, view: ClusterView, reporter: Reporter, scope: Scope, *, publishes: bool) -> Auditor:
    """Audit the workloads of the cluster. Raises ClusterError."""
    publisher = Publisher(api, scope.namespace, warn) if publishes else None
    costing, unknown_reason = None, "only part of the cluster was audited"
    if scope.is_whole:
        costing, unknown_reason = costing_of(api)
    with progress(is_shown=not reporter.prints_each) as on_progress:
        cluster = Cluster(api, view.snapshot, scope, on_progress)
        enforcement = with_evidence(view.enforcement, view.snapshot, cluster.first_applied)
        auditor = Auditor(view.snapshot, enforcement, with_diff=reporter.with_diff)
        reporter.follow(auditor, cluster.workloads(), costing.add if costing else None)
    costs = costing.costs() if costing and not reporter.interrupted else Costs(unknown_reason=unknown_reason)
    reporter.end(auditor.summary, costs, _notes(view))
    if publisher and not reporter.interrupted:
        publisher.publish(auditor.summary, datetime.now(UTC))
    return auditor


def of_files(
    api: Api, view: ClusterView, reporter: Reporter, manifests: Callable[[Plugins], Iterator[Workload]]
) -> Auditor:
    """Audit manifests as if they were created in the cluster. Raises ClusterError, InputError."""
    # They do not exist yet, so no policy has been in force for them.
    enforcement = structs.replace(view.enforcement, policies={}, since="")
    auditor = Auditor(view.snapshot, enforcement, with_diff=reporter.with_diff)
    reporter.follow(auditor, manifests(plugins(api, view.part)))
    reporter.end(auditor.summary, Costs(unknown_reason="manifests do not describe the cluster"), _notes(view))
    return auditor


def _notes(view: ClusterView) -> list[str]:
    return [*view.notes, *webhook_problems(view.installed, None, datetime.now(UTC))]
