"""Manifests that a command was given, each with the Pods that would come of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from msgspec import Struct

from webhook import files
from webhook.audit.admission import NO_PLUGINS, Plugins
from webhook.audit.findings import Ref
from webhook.audit.judge import Examined, template_of
from webhook.cli.terminal import warn
from webhook.engine.admitted_view import Manifest, UnreadableError, manifest_of
from webhook.engine.snapshot import Request, Snapshot, snapshot_of
from webhook.files import Document, InputError
from webhook.model.accelerators import PATTERNS, Accelerators
from webhook.model.globs import glob
from webhook.model.names import Mode
from webhook.model.patch import Path
from webhook.model.subject import Namespace
from webhook.policies.shipped import Profile
from webhook.policies.sources import in_force


class Found(Struct, frozen=True):
    """A manifest that makes Pods, and where its object stands in the document: `()`, or an item of a List."""

    document: Document
    at: Path
    object: dict[str, Any]
    manifest: Manifest

    def request(self, default_namespace: str, plugins: Plugins = NO_PLUGINS) -> Request:
        examined = self.examined(default_namespace, plugins)
        return Request(examined.ref.namespace, examined.admitted)

    def examined(self, default_namespace: str, plugins: Plugins = NO_PLUGINS) -> Examined:
        ref = Ref(self.manifest.kind, self.manifest.namespace or default_namespace, self.manifest.name)
        return template_of(self.object, self.manifest, ref, plugins)

    @property
    def title(self) -> str:
        return f"{self.manifest.kind} {self.manifest.name}"


def read(paths: Iterable[str]) -> Iterator[Document]:
    """The documents of files, directories and `-`. Raises InputError."""
    for path in files.find(paths):
        for document in files.read(path):
            for place, words in document.repetitions():
                warn(f"{place}: {words}: the last is taken, as kubectl does")
            yield document


def find_pods(
    document: Document, others: Mapping[tuple[str, str], Path] = MappingProxyType({})
) -> Iterator[Found]:
    """The Pods and controllers of one document; `others`: where templates stand, by apiVersion and kind.

    Raises InputError naming the field that cannot be read.
    """
    for at, obj in _objects(document.data):
        try:
            manifest = manifest_of(obj, others.get((str(obj.get("apiVersion")), str(obj.get("kind")))))
        except UnreadableError as error:
            location = (*at, *error.location)
            place, field = document.place(location), files.dotted(location)
            raise InputError(f"{place}: {field}: {error}") from error
        if manifest:
            yield Found(document, at, obj, manifest)


def _objects(data: Any) -> Iterator[tuple[Path, dict[str, Any]]]:
    if not isinstance(data, dict):
        return
    items = data.get("items")
    if str(data.get("kind")).endswith("List") and isinstance(items, list):
        for index, item in enumerate(items):
            if isinstance(item, dict):
                yield ("items", index), item
    else:
        yield (), data


class _Everywhere(Mapping[str, Namespace]):
    """Every namespace, with the same labels: files do not say what the namespace's labels are."""

    def __init__(self, labels: dict[str, str]) -> None:
        self._labels = labels

    def __getitem__(self, name: str) -> Namespace:
        return Namespace(name, self._labels)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def snapshot_from(
    policies: list[str] | None,
    builtin: Profile,
    presets: list[str] | None,
    *,
    mode: Mode = Mode.ENFORCE,
    accelerators: list[str] | None = None,
    annotate: bool = True,
    namespace_labels: dict[str, str] | None = None,
) -> Snapshot:
    """What a command decides by. Raises InputError for policies that are wrong."""
    patterns = tuple(map(glob, (*PATTERNS, *(accelerators or ()))))
    return snapshot_of(
        in_force(policies or (), builtin, presets or ()),
        mode=mode,
        accelerators=Accelerators(patterns),
        annotate=annotate,
        namespaces=_Everywhere(namespace_labels or {}),
    )
