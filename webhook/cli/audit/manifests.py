"""The Pods and templates in files, as the audit judges them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from webhook.audit.findings import problem_of
from webhook.cli.common.manifests import LocatedManifest, TemplatePaths, find_manifests, read_manifests
from webhook.cli.common.problems import Problems
from webhook.documents.files import Document
from webhook.documents.find import Inputs
from webhook.documents.problems import Problem, ProblemName
from webhook.model.place import Place
from webhook.workloads.builtin_plugins import Plugins
from webhook.workloads.workload import Workload, unreadable


def located_in(
    inputs: Inputs,
    templates: TemplatePaths,
    problems: Problems,
    on_document: Callable[[Document], object],
) -> Iterator[LocatedManifest]:
    """Input without any object is a problem: what made it has failed."""
    has_objects = False
    for document in read_manifests(inputs, templates, problems.add):
        on_document(document)
        data = document.data
        has_objects |= isinstance(data, dict) and bool(data.get("apiVersion") and data.get("kind"))
        yield from find_manifests(document, templates, problems.add)
    if not (has_objects or problems.found):
        message = "no Kubernetes object found, so nothing was checked"
        hint = "check the command or file that it comes from"
        problems.add(Problem(ProblemName.NO_MANIFESTS, Place(inputs.title), message, hint=hint))


def workloads_of(located: Iterable[LocatedManifest], namespace: str, plugins: Plugins) -> Iterator[Workload]:
    for each in located:
        try:
            yield each.workload(namespace, plugins)
        except Exception as error:  # noqa: BLE001 (an object can hold anything)
            yield unreadable(each.ref(namespace), problem_of(error), each.place)
