"""Read policy documents and say, for each that is wrong, where and what to do."""

from __future__ import annotations

import difflib
import inspect
import re
import typing
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

from msgspec import Struct
from pydantic import BaseModel, ValidationError

from webhook.documents import files
from webhook.documents.files import Document
from webhook.documents.yaml_tree import List, Mapping, Scalar
from webhook.errors import InputError
from webhook.model.policy import Policy
from webhook.policies.compile import compiled
from webhook.policies.schema import GROUP, POLICY_KINDS, TEST_KIND, PolicyDocument

Location = tuple[str | int, ...]
M = TypeVar("M", bound=BaseModel)
_WHAT = "a policy is a mapping with apiVersion, kind, metadata and spec"


class Problem(Struct, frozen=True):
    """One thing wrong with one document."""

    place: str
    """`file:line:column`."""
    field: str
    """`spec.resources.limits[0].default.cpu`, empty for the document as a whole."""
    message: str

    def __str__(self) -> str:
        return (
            f"{self.place}: {self.field}: {self.message}" if self.field else f"{self.place}: {self.message}"
        )


class Loaded(Struct, frozen=True):
    """The policies of the documents that are right, and what is wrong with the others."""

    policies: tuple[Policy, ...]
    problems: tuple[Problem, ...]

    def or_raise(self) -> tuple[Policy, ...]:
        """The policies where every document is right. Raises InputError with every problem, a line each."""
        if self.problems:
            raise InputError("\n".join(map(str, self.problems)))
        return self.policies


class DocumentPart(NamedTuple):
    """A document, or an item of one that is a List."""

    document: Document
    at: Location
    data: Any

    def place(self, location: Location = ()) -> str:
        return self.document.place((*self.at, *location))


def load(paths: Iterable[str]) -> Loaded:
    """Read files, directories and `-`. What is no YAML is a problem like any other."""
    problems: list[Problem] = []
    parts = [part for path in paths for part in _policies_among(_documents([path], problems))]
    loaded = _load_parts(parts)
    return Loaded(loaded.policies, (*problems, *loaded.problems))


def load_documents(documents: Iterable[Document]) -> Loaded:
    return _load_parts(_policies_among(documents))


def _policies_among(documents: Iterable[Document]) -> list[DocumentPart]:
    """Without objects of other kinds, which may stand beside policies; all of them if there is no policy."""
    parts = [part for document in documents for part in _parts(DocumentPart(document, (), document.data))]
    ours = [part for part in parts if not _is_of_another_kind(part.data)]
    return ours or parts


def _parts(part: DocumentPart) -> Iterator[DocumentPart]:
    """The items of a List, as `kubectl get cwp -o yaml` prints one; else what is given."""
    items = part.data.get("items") if isinstance(part.data, dict) else None
    if isinstance(items, list) and str(part.data.get("kind")).endswith("List"):
        for index, item in enumerate(items):
            yield from _parts(DocumentPart(part.document, (*part.at, "items", index), item))
    else:
        yield part


_API_VERSION, _KIND = re.compile(r"([a-z0-9.-]+/)?v\d\w*", re.ASCII), re.compile(r"[A-Z]\w*", re.ASCII)


def _is_of_another_kind(data: Any) -> bool:
    """An object of Kubernetes, or of podtailor's own tests, that nobody could mean as a policy."""
    if not isinstance(data, dict):
        return False
    version, kind = str(data.get("apiVersion")), str(data.get("kind"))
    if not _API_VERSION.fullmatch(version) or not _KIND.fullmatch(kind) or kind in POLICY_KINDS:
        return False
    return not version.startswith(f"{GROUP}/") or kind == TEST_KIND


def _load_parts(parts: Iterable[DocumentPart]) -> Loaded:
    policies: list[Policy] = []
    problems: list[Problem] = []
    seen: dict[tuple[str, str | None, str], str] = {}
    for part in parts:
        read = parsed(part, PolicyDocument, _WHAT)
        if isinstance(read, list):
            problems.extend(read)
            continue
        place = part.place()
        identity = (read.kind, read.metadata.namespace, read.metadata.name)
        if identity in seen:
            message = f"{read.kind} {read.metadata.name} stands at {seen[identity]} already"
            problems.append(Problem(part.place(("metadata", "name")), "metadata.name", message))
            continue
        seen[identity] = place
        policies.append(compiled(read, source=place))
    return Loaded(tuple(policies), tuple(problems))


def _documents(paths: Iterable[str], problems: list[Problem]) -> Iterator[Document]:
    for path in files.find(paths):
        try:
            yield from (document for document in files.read(path) if document.data is not None)
        except InputError as error:
            place, _, message = str(error).partition(": ")
            problems.append(Problem(place, "", message))


def load_or_raise(paths: Iterable[str]) -> tuple[Policy, ...]:
    """The policies, every document right. Raises InputError with every problem, a line each."""
    return load(paths).or_raise()


def parsed(part: DocumentPart, model: type[M], what: str) -> M | list[Problem]:
    """The part as a `model`, or what is wrong with it; `what` it should be, in words.

    kubectl takes the last of two keys. What is for every Pod should not depend on who reads it.
    """
    if part.document.repeated:
        return [Problem(place, "", words) for place, words in part.document.repetitions()]
    if not isinstance(part.data, dict):
        return [Problem(part.place(), "", what)]
    try:
        return model.model_validate(part.data)
    except ValidationError as error:
        found = [
            _plain_words(
                each["type"], each["loc"], each["msg"], _as_written(part, each["loc"], each["input"]), model
            )
            for each in error.errors()
        ]
        # Something else altogether: what its fields are called is no mistake.
        elsewhat = [each for each in found if each[0] in (("apiVersion",), ("kind",))]
        return [
            Problem(part.place(location), files.dotted(location), message)
            for location, message in elsewhat or found
        ]


def _as_written(part: DocumentPart, location: Location, given: object) -> object:
    """A number as it stands in the file: `1.10` is 1.1 to YAML, and `0123` is 83."""
    if isinstance(given, bool) or not isinstance(given, int | float):
        return given
    try:
        node = part.document.root
    except InputError:  # JSON that YAML does not take
        return given
    for step in (*part.at, *location):
        if isinstance(node, Mapping):
            node = node.get(str(step))
        elif isinstance(node, List) and isinstance(step, int):
            node = node.items[step]
    return node.text if isinstance(node, Scalar) else given


def spec_of(data: dict[str, Any]) -> dict[str, Any]:
    """The spec without what is the default; of a policy that is not valid, as it stands."""
    try:
        return PolicyDocument.model_validate(data).spec.model_dump(mode="json", exclude_defaults=True)
    except ValidationError:
        return dict(data.get("spec") or {})


def error_messages(error: ValidationError) -> list[str]:
    """`field: what is wrong` of everything that is, for a document that stands in no file."""
    return [f"{files.dotted(location)}: {message}" for location, message in _errors(error, PolicyDocument)]


def _errors(error: ValidationError, model: type[BaseModel]) -> Iterator[tuple[Location, str]]:
    return (
        _plain_words(each["type"], each["loc"], each["msg"], each["input"], model) for each in error.errors()
    )


def _plain_words(
    kind: str, location: Location, message: str, given: object, model: type[BaseModel]
) -> tuple[Location, str]:
    """Pydantic's error in the words of somebody who writes manifests."""
    if location and location[-1] == "[key]":
        location = location[:-1]
    if isinstance(given, bool) and kind in ("string_type", "literal_error", "enum"):
        return location, f"must be a string: YAML takes this for {str(given).lower()}, put it in quotes"
    match kind:
        case "extra_forbidden":
            known = _fields_beside(location, model)
            close = difflib.get_close_matches(str(location[-1]), known, n=1)
            hint = f'did you mean "{close[0]}"?' if close else f"known are {', '.join(known)}"
            return location, f"unknown field; {hint}"
        case "missing":
            return location, "required"
        case "string_type":
            return location, f'must be a string: write "{given}"'
        case "literal_error" | "enum":
            words = message.removeprefix("Input should be ")
            return location, f"{given!r} is not {words}"
        case "model_type" | "model_attributes_type" | "dict_type":
            return location, "must be a mapping"
        case "list_type":
            return location, "must be a list"
    return location, message.removeprefix("Value error, ").removeprefix("Input ")


def _fields_beside(location: Sequence[str | int], model: type[BaseModel]) -> list[str]:
    """The field names of the model that holds the field at `location`."""
    for step in location[:-1]:
        if isinstance(step, str):
            model = _model_in(model.model_fields[step].annotation) or model
    return sorted(model.model_fields)


def _model_in(annotation: object) -> type[BaseModel] | None:
    """The model inside `list[Model]`, `Model | None` and the like."""
    if inspect.isclass(annotation):
        return annotation if issubclass(annotation, BaseModel) else None
    found = (_model_in(inner) for inner in typing.get_args(annotation))
    return next((model for model in found if model), None)
