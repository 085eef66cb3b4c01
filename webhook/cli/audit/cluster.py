"""The audit of a cluster, and of manifests by the policies of a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus

from msgspec import structs

from webhook.audit.cluster.evidence import with_evidence
from webhook.audit.cluster.workloads import Cluster, Selection, plugins
from webhook.audit.costs.costing import costing_of
from webhook.audit.costs.costs import Costs
from webhook.audit.diagnosis import webhook_problems
from webhook.audit.enforcement import Enforcement
from webhook.audit.platforms import Platforms
from webhook.audit.reports.publish import Publisher
from webhook.audit.summary import Auditor
from webhook.cli.audit.reporting import Reporter
from webhook.cli.audit.usage import Sizes
from webhook.cli.cluster.cluster_view import ClusterView
from webhook.cli.common.progress import progress
from webhook.cli.common.terminal import warn
from webhook.cluster.client import Api
from webhook.errors import ClusterError
from webhook.workloads.builtin_plugins import Plugins
from webhook.workloads.workload import Workload


def audit_cluster(
    api: Api,
    view: ClusterView,
    reporter: Reporter,
    selection: Selection,
    sizes: Sizes,
    platforms: Platforms | None,
    *,
    publishes: bool,
) -> Auditor:
    """Audit the workloads of the cluster. Raises ClusterError."""
    publisher = Publisher(api, selection.namespace, warn) if publishes else None
    costing, unknown_reason = None, "only part of the cluster was audited"
    if selection.is_whole:
        costing, unknown_reason = costing_of(api)
    with progress(is_shown=not reporter.prints_each) as on_progress, _hint_at_namespaces(view):
        cluster = Cluster(api, view.snapshot, selection, on_progress)
        enforcement = with_evidence(view.enforcement, view.snapshot, cluster.first_applied)
        auditor = _auditor(view, enforcement, reporter, sizes, platforms)
        reporter.judge_all(auditor, cluster.workloads(), costing.add if costing else None)
    costs = costing.costs() if costing and not reporter.interrupted else Costs(unknown_reason=unknown_reason)
    reporter.finish(auditor, costs, sizes, _notes(view))
    if publisher and not reporter.interrupted:
        publisher.publish(auditor.summary, datetime.now(UTC))
    return auditor


@contextmanager
def _hint_at_namespaces(view: ClusterView) -> Iterator[None]:
    """A user who may list no namespaces may still read one other than that of the context."""
    try:
        yield
    except ClusterError as error:
        if error.status == HTTPStatus.FORBIDDEN and view.part.narrowed:
            error.hint += "\nor name a namespace that you may read with -n NAMESPACE"
        raise


def audit_manifests(
    api: Api,
    view: ClusterView,
    reporter: Reporter,
    manifests: Callable[[Plugins], Iterator[Workload]],
    sizes: Sizes,
    platforms: Platforms | None,
) -> Auditor:
    """Audit manifests as if they were created in the cluster. Raises ClusterError, InputError."""
    # They do not exist yet, so no policy has been in force for them.
    enforcement = structs.replace(view.enforcement, policies={}, since="")
    auditor = _auditor(view, enforcement, reporter, sizes, platforms)
    reporter.judge_all(auditor, manifests(plugins(api, view.part)))
    costs = Costs(unknown_reason="manifests do not describe the cluster")
    reporter.finish(auditor, costs, sizes, _notes(view))
    return auditor


def _auditor(
    view: ClusterView, enforcement: Enforcement, reporter: Reporter, sizes: Sizes, platforms: Platforms | None
) -> Auditor:
    return Auditor(
        view.snapshot,
        enforcement,
        sizes=sizes.by_owner,
        platforms=platforms,
        with_diff=reporter.with_diff,
    )


def _notes(view: ClusterView) -> list[str]:
    return [*view.notes, *webhook_problems(view.installed, None, datetime.now(UTC)), *view.export_problems]
