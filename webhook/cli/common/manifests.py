"""The manifests given to a command, and the Pods that they would create."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec import Struct, structs

from webhook.cli.common.kustomize import rendered
from webhook.cli.common.terminal import warn
from webhook.documents import files
from webhook.documents.files import Document
from webhook.documents.find import Inputs
from webhook.documents.problems import OnProblem, Problem, ProblemName, raise_problem
from webhook.engine.metadata_warnings import misplaced_keys
from webhook.engine.snapshot import Request
from webhook.engine.validation import invalid_fields
from webhook.model.patch import Path
from webhook.model.place import Place
from webhook.model.pod import NO_METADATA, pod_view
from webhook.workloads.builtin_plugins import NO_PLUGINS, Plugins
from webhook.workloads.templates import (
    Manifest,
    UnreadableError,
    manifests_of,
    missing_template,
    similar_kind,
    template_path,
    unknown_templates,
)
from webhook.workloads.workload import Ref, Workload, template_of


class LocatedManifest(Struct, frozen=True, kw_only=True):
    """A Pod or controller, and the path of its object in the document: `()`, or an item of a List."""

    document: Document
    at: Path
    object: dict[str, Any]
    manifest: Manifest

    def request(self, default_namespace: str, plugins: Plugins = NO_PLUGINS) -> Request:
        workload = self.workload(default_namespace, plugins)
        return Request(workload.ref.namespace, workload.admitted)

    def workload(self, default_namespace: str, plugins: Plugins = NO_PLUGINS) -> Workload:
        workload = template_of(self.object, self.manifest, self.ref(default_namespace), plugins)
        return structs.replace(workload, place=self.place, place_of=self.place_of)

    def ref(self, default_namespace: str) -> Ref:
        return Ref(self.manifest.kind, self.manifest.namespace or default_namespace, self.manifest.name)

    @property
    def place(self) -> Place:
        """Of the object."""
        return self.document.place(self.at)

    def place_of(self, field: Path) -> Place:
        """Of a field of the Pod or template, or of its innermost parent that exists."""
        return self.document.place((*self.at, *self.manifest.at, *field))

    @property
    def title(self) -> str:
        return f"{self.manifest.kind} {self.manifest.name}"


TemplatePaths = Mapping[tuple[str, str], tuple[Path, ...]]
"""Paths of the Pod templates of custom kinds, by apiVersion and kind."""
NO_TEMPLATE_PATHS: TemplatePaths = MappingProxyType({})


def read_manifests(
    inputs: Inputs,
    templates: TemplatePaths = NO_TEMPLATE_PATHS,
    on_problem: OnProblem = raise_problem,
) -> Iterator[Document]:
    """The documents of all inputs; warns about likely mistakes."""
    for document in _documents(inputs, on_problem):
        if document.is_json:  # it may be long, and has no cycles: no collection need look at it
            gc.freeze()
        for problem in document.duplicate_key_problems():
            warn(f"{problem}: the last one is used, as by kubectl", name=problem.name)
        for at, obj in objects_in(document.data):
            if not templates.get(_kind(obj)):
                _warn_about_templates(document.place(at), obj)
            _warn_about_keys(document, at, obj)
        yield document


def has_objects(document: Document) -> bool:
    """Whether it is an object of Kubernetes, of any kind."""
    data = document.data
    return isinstance(data, dict) and bool(data.get("apiVersion") and data.get("kind"))


def nothing_checked(inputs: Inputs) -> Problem:
    """Of input without any object: what made it has failed."""
    message = "no Kubernetes object found, so nothing was checked"
    hint = "check the command or file that it comes from"
    return Problem(ProblemName.NO_MANIFESTS, Place(inputs.title), message, hint=hint)


def _documents(inputs: Inputs, on_problem: OnProblem) -> Iterator[Document]:
    if inputs.kustomization:
        yield from rendered(inputs.kustomization, inputs.command, on_problem)
    yield from files.read_documents(inputs, on_problem)


def _kind(obj: dict[str, Any]) -> tuple[str, str]:
    return str(obj.get("apiVersion")), str(obj.get("kind"))


def _warn_about_templates(place: Place, obj: dict[str, Any]) -> None:
    if not obj.get("apiVersion"):  # a file of another program
        return
    similar, missing = similar_kind(obj), missing_template(obj)
    if similar:
        warn(f'{place}: kind {obj["kind"]} is ignored; did you mean "{similar}"?', name="unknown-kind")
        return
    if missing:
        field = ".".join(map(str, missing))
        warn(f"{place}: the {obj['kind']} is ignored: it has no {field}", name="missing-template")
        return
    paths = [".".join(map(str, path)) for path in unknown_templates(obj)]
    if paths:
        api_version, kind = _kind(obj)
        group, _, version = api_version.rpartition("/")
        flags = " ".join(f"--controller '{kind}.{version}.{group}={path}'" for path in paths)
        fields = ", ".join(paths)
        message = f"{place}: the Pod template of this {kind} at {fields} is ignored"
        warn(message, name="ignored-template", hint=f"to include it, add {flags}")


def _warn_about_keys(document: Document, at: Path, obj: dict[str, Any]) -> None:
    """Warn about labels and annotations that are set on a controller, but read only from its Pods."""
    try:
        manifests = manifests_of(obj) if template_path(obj) else []
        controller = pod_view({"metadata": obj.get("metadata")}).metadata or NO_METADATA
    except (UnreadableError, msgspec.ValidationError):  # find_manifests reports it, with its place
        return
    for manifest in manifests:
        template = manifest.template.metadata or NO_METADATA
        for warning in misplaced_keys(controller, template, manifest.kind):
            warn(f"{document.place((*at, 'metadata'))}: {warning}")


def find_manifests(
    document: Document,
    templates: TemplatePaths = NO_TEMPLATE_PATHS,
    on_problem: OnProblem = raise_problem,
    within: Path = (),
) -> Iterator[LocatedManifest]:
    """The Pods and controllers of one document, or of the object at `within` in it.

    A problem is each field that every API server would reject; then its object is left out.
    """
    for at, obj in objects_in(_at(document.data, within), within):
        try:
            manifests = manifests_of(obj, templates.get(_kind(obj), ()))
        except UnreadableError as error:
            on_problem(_problem(document, (*at, *error.location), str(error)))
            continue
        problems = [
            _problem(document, (*at, *manifest.at, *location), message)
            for manifest in manifests
            for location, message in invalid_fields(_at(obj, manifest.at))
        ]
        for problem in problems:
            on_problem(problem)
        if not problems:
            yield from (
                LocatedManifest(document=document, at=at, object=obj, manifest=manifest)
                for manifest in manifests
            )


def _problem(document: Document, location: Path, message: str) -> Problem:
    return Problem(ProblemName.INVALID_FIELD, document.place(location), message, files.field_path(location))


def _at(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step]
    return value


def objects_in(data: Any, at: Path = ()) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The object itself, or those of a List, each with its path."""
    if not isinstance(data, dict):
        return
    items = data.get("items")
    if str(data.get("kind")).endswith("List") and isinstance(items, list):
        for index, item in enumerate(items):
            yield from objects_in(item, (*at, "items", index))
    else:
        yield at, data
