"""The cluster that owners come from, and what runs where."""

from __future__ import annotations

from webhook.audit.cluster.workloads import Cluster
from webhook.cli.cluster.cluster_view import cluster_part, selection
from webhook.cli.common.connect import namespace_or_current
from webhook.cli.common.manifests import TemplatePaths
from webhook.cli.common.progress import progress
from webhook.cli.images.owners import surveyed
from webhook.cluster.client import api_client
from webhook.cluster.version import minor_version
from webhook.engine.snapshot import Snapshot
from webhook.images.cluster import running_images
from webhook.images.evidence import Evidence
from webhook.images.survey import Owner


class ClusterImages:
    def __init__(
        self, kubeconfig: str | None, context: str | None, namespace: str | None, *, all_namespaces: bool
    ) -> None:
        """Raises ClusterError."""
        self._api = api_client(kubeconfig, context, retry_429=True)
        default = namespace_or_current(namespace, kubeconfig, context)
        self._part = cluster_part(self._api, namespace, default, all_namespaces=all_namespaces)

    def seen(self, now: int) -> list[Evidence]:
        """Raises ClusterError."""
        return running_images(self._api, self._part, now=now)

    def owners(self, selector: str, templates: TemplatePaths) -> list[Owner]:
        """Raises InputError, ClusterError."""
        snapshot = Snapshot(kubernetes=minor_version(self._api))
        selected = selection(self._api, self._part, selector, "", templates)
        with progress() as on_progress:
            return surveyed(Cluster(self._api, snapshot, selected, on_progress).workloads(), snapshot)

    @property
    def notes(self) -> list[str]:
        """On what the caller may not read."""
        notes = (*filter(None, [self._part.narrowed]), *(self._part.unreadable or ()))
        return [*dict.fromkeys(notes)]
