"""The Pods and templates in files, as the audit judges them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from webhook.audit.findings import problem_of
from webhook.cli.common.manifests import (
    LocatedManifest,
    TemplatePaths,
    find_manifests,
    has_objects,
    nothing_checked,
    read_manifests,
)
from webhook.cli.common.problems import Problems
from webhook.documents.files import Document
from webhook.documents.find import Inputs
from webhook.workloads.builtin_plugins import Plugins
from webhook.workloads.workload import Workload, unreadable


def located_in(
    inputs: Inputs,
    templates: TemplatePaths,
    problems: Problems,
    on_document: Callable[[Document], object],
) -> Iterator[LocatedManifest]:
    """Input without any object is a problem: what made it has failed."""
    is_any = False
    for document in read_manifests(inputs, templates, problems.add):
        on_document(document)
        is_any |= has_objects(document)
        yield from find_manifests(document, templates, problems.add)
    if not (is_any or problems.found):
        problems.add(nothing_checked(inputs))


def workloads_of(located: Iterable[LocatedManifest], namespace: str, plugins: Plugins) -> Iterator[Workload]:
    for each in located:
        try:
            yield each.workload(namespace, plugins)
        except Exception as error:  # noqa: BLE001 (an object can hold anything)
            yield unreadable(each.ref(namespace), problem_of(error), each.place)
