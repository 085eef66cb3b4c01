"""The audit of a cluster, and of files as a cluster would take them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from msgspec import structs

from webhook.audit.cluster.evidence import with_evidence
from webhook.audit.cluster.workloads import Cluster, Scope, plugins
from webhook.audit.costs.costing import Costs, costing_of
from webhook.audit.diagnosis import calls
from webhook.audit.reports.publish import Publisher
from webhook.audit.summary import Survey
from webhook.cli.audit.reporting import Reporter
from webhook.cli.cluster.cluster_view import Look, progress
from webhook.cli.common.terminal import warn
from webhook.cluster.client import Api
from webhook.workloads.builtin_plugins import Plugins
from webhook.workloads.workload import Workload


def of_objects(api: Api, look: Look, reporter: Reporter, scope: Scope, *, publishes: bool) -> Survey:
    """What is there. Raises ClusterError."""
    publisher = Publisher(api, scope.namespace, warn) if publishes else None
    costing, missing = None, "only a part of the cluster was looked at"
    if scope.is_whole:
        costing, missing = costing_of(api)
    with progress(is_shown=not reporter.prints_on_the_way) as heard:
        cluster = Cluster(api, look.snapshot, scope, heard)
        enforcement = with_evidence(look.enforcement, look.snapshot, cluster.given)
        survey = Survey(look.snapshot, enforcement, with_diff=reporter.with_diff)
        reporter.follow(survey, cluster.examined(), costing.add if costing else None)
    costs = costing.costs() if costing and not reporter.interrupted else Costs(missing=missing)
    reporter.end(survey.tally, costs, _notes(look))
    if publisher and not reporter.interrupted:
        publisher.publish(survey.tally, datetime.now(UTC))
    return survey


def of_files(
    api: Api, look: Look, reporter: Reporter, manifests: Callable[[Plugins], Iterator[Workload]]
) -> Survey:
    """What would be there. Raises ClusterError, InputError."""
    # Nobody has created them yet: nothing of them is as it is because of what is in force.
    enforcement = structs.replace(look.enforcement, policies={}, since="")
    survey = Survey(look.snapshot, enforcement, with_diff=reporter.with_diff)
    reporter.follow(survey, manifests(plugins(api, look.part)))
    reporter.end(survey.tally, Costs(missing="files say nothing of the rest of the cluster"), _notes(look))
    return survey


def _notes(look: Look) -> list[str]:
    return [*look.notes, *calls(look.installed, None, datetime.now(UTC))]
