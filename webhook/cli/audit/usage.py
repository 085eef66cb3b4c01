"""What owners need by what they have used, for an audit with --usage or --prometheus."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from webhook.audit.reports.usage import UsageReport
from webhook.audit.summary import SizesOf
from webhook.cli.common.manifests import LocatedManifest
from webhook.cli.common.prometheus import PrometheusOptions
from webhook.documents.files import Document
from webhook.engine.snapshot import Snapshot
from webhook.errors import UsageError

if TYPE_CHECKING:
    from webhook.audit.cluster.workloads import Selection
    from webhook.cli.cluster.cluster_view import ClusterView
    from webhook.cli.recommend.owners import Owned
    from webhook.cluster.client import Api


class Sizes(Struct, frozen=True, kw_only=True):
    by_owner: SizesOf | None = None
    """None: usage was not asked for."""
    notes: tuple[str, ...] = ()
    """What usage says nothing about."""
    report: UsageReport | None = None


class Measuring:
    """The flags that name a source of usage, and the sizes that follow from it."""

    def __init__(self, prometheus: PrometheusOptions, usage: str, *, with_report: bool) -> None:
        """`with_report`: with what the page shows, which needs every step of the past. Raises UsageError."""
        self._with_report = with_report
        self._documents: list[Document] = []
        prometheus.check()
        if prometheus.url and usage:
            raise UsageError("--prometheus and --usage are two sources of usage: name one")
        self._prometheus, self._usage = prometheus, usage
        self.is_asked = bool(prometheus.url or usage)
        self.flags = (*_public(prometheus).flags(), *([f"--usage={usage}"] if usage else []))
        """For a page that others read too: without what may be a password."""

    def add_document(self, document: Document) -> None:
        """One of the manifests, also without a workload: autoscalers, LimitRanges and quotas count."""
        if self.is_asked:
            self._documents.append(document)

    def of_manifests(self, located: Iterable[LocatedManifest], snapshot: Snapshot, namespace: str) -> Sizes:
        """Once all documents are added. Raises InputError."""
        if not self.is_asked:
            return Sizes()
        from webhook.cli.recommend.beside import Beside

        unknown: list[str] = []

        def note(what: object) -> None:  # what is not known of sizes ends no audit
            unknown.append(f"not judged by usage: {what}")

        beside = Beside(self._documents, namespace, note)
        owners = beside.owners(
            located, snapshot, namespace, lambda each, error: note(f"{each.ref(namespace)}: {error}")
        )
        return self._of(owners, unknown)

    def of_cluster(self, api: Api, view: ClusterView, selection: Selection) -> Sizes:
        """Raises InputError, ClusterError."""
        if not self.is_asked:
            return Sizes()
        from webhook.audit.cluster.workloads import plugins
        from webhook.cli.recommend.cluster import ClusterOwners
        from webhook.cluster.part import ClusterPart

        # Of its own: what may not be read here decides about sizes, and about nothing else.
        part = ClusterPart(view.part.namespace, [])
        reader = ClusterOwners(api, view.snapshot, plugins(api, part), part)
        namespaces = [selection.namespace] if selection.namespace else sorted(view.snapshot.namespaces)
        owners = [each for name in namespaces for each in reader.of(name, (), selection.selector)]
        kinds = selection.kinds
        selected = [each for each in owners if kinds is None or each.found.state.ref.kind in kinds]
        return self._of(selected, dict.fromkeys(part.unreadable or ()))

    def _of(self, owners: list[Owned], notes: Iterable[str]) -> Sizes:
        from webhook.cli.audit import measured
        from webhook.cli.recommend.sources import SourceOptions

        by = SourceOptions(prometheus=self._prometheus, usage=self._usage)
        by_owner, unsure, report = measured.sizes(owners, by, with_report=self._with_report)
        return Sizes(by_owner=by_owner, notes=(*notes, *filter(None, [unsure])), report=report)


def _public(prometheus: PrometheusOptions) -> PrometheusOptions:
    url = re.sub(r"//[^/?#]*@", "//", prometheus.url, count=1)
    return structs.replace(prometheus, url=url, headers=())
