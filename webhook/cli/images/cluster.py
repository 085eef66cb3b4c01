"""The cluster that owners come from, and what runs where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain

from webhook.audit.cluster.workloads import Cluster
from webhook.cli.cluster.cluster_view import cluster_part, selection
from webhook.cli.common.connect import namespace_or_current
from webhook.cli.common.manifests import TemplatePaths
from webhook.cli.common.progress import progress
from webhook.cli.common.terminal import warn
from webhook.cli.images.owners import surveyed
from webhook.cluster.client import api_client
from webhook.cluster.image_platforms import CONFIG_MAP
from webhook.cluster.version import minor_version
from webhook.engine.snapshot import Snapshot
from webhook.errors import InputError
from webhook.images.cluster import read_pull_secrets, running_images
from webhook.images.evidence import Evidence, about
from webhook.images.reference import Reference
from webhook.images.registry.credentials import DockerConfig
from webhook.images.running import PullSecrets
from webhook.images.snapshot import read_snapshot, write_snapshot
from webhook.images.survey import Owner


class ClusterImages:
    def __init__(
        self, kubeconfig: str | None, context: str | None, namespace: str | None, *, all_namespaces: bool
    ) -> None:
        """Raises ClusterError."""
        self._api = api_client(kubeconfig, context, retry_429=True)
        default = namespace_or_current(namespace, kubeconfig, context)
        self._part = cluster_part(self._api, namespace, default, all_namespaces=all_namespaces)
        self._pull_secrets: Mapping[str, PullSecrets] = {}

    def evidence(self, now: int) -> tuple[Evidence, ...]:
        """Raises ClusterError."""
        running = running_images(self._api, self._part, now=now)
        self._pull_secrets = running.pull_secrets
        return running.evidence

    def pull_secrets(self, references: Iterable[Reference]) -> list[DockerConfig]:
        """Of the Pods with these images that `evidence` has seen. Raises ClusterError."""
        named: dict[tuple[str, str], frozenset[str]] = {}
        for reference in references:
            for each in self._pull_secrets.get(str(reference), ()):
                named[each] = named.get(each, frozenset()) | {reference.repository}

        def on_invalid(error: InputError) -> None:
            warn(str(error), name="invalid-credentials")

        return read_pull_secrets(self._api, named, self._part, on_invalid)

    def owners(self, selector: str, templates: TemplatePaths) -> list[Owner]:
        """Raises InputError, ClusterError."""
        snapshot = Snapshot(kubernetes=minor_version(self._api))
        selected = selection(self._api, self._part, selector, "", templates)
        with progress() as on_progress:
            return surveyed(Cluster(self._api, snapshot, selected, on_progress).workloads(), snapshot)

    def snapshot(self) -> list[Evidence]:
        """What the last run has written; nothing if it cannot be read. Raises ClusterError."""
        try:
            return read_snapshot(self._api, self._part)
        except ValueError as error:
            warn(f"what the ConfigMap {CONFIG_MAP} has is not used: {error}", name="invalid-cache")
            return []

    def write_snapshot(self, known: Iterable[Evidence], owners: Iterable[Owner]) -> None:
        """Of images that are in use. Raises ClusterError."""
        write_snapshot(self._api, about(known, chain(*(each.images for each in owners))))

    @property
    def notes(self) -> list[str]:
        """On what the caller may not read."""
        notes = (*filter(None, [self._part.narrowed]), *(self._part.unreadable or ()))
        return [*dict.fromkeys(notes)]
