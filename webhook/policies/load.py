"""Read policy documents and say, for each that is wrong, where and what to do."""

from __future__ import annotations

import difflib
import inspect
import typing
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from msgspec import Struct
from pydantic import BaseModel, ValidationError

from webhook import files
from webhook.files import Document, InputError
from webhook.model.policy import Policy
from webhook.policies.compile import compiled
from webhook.policies.schema import PolicyDocument

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

    def whole(self) -> tuple[Policy, ...]:
        """The policies where every document is right. Raises InputError with every problem, a line each."""
        if self.problems:
            raise InputError("\n".join(map(str, self.problems)))
        return self.policies


def load(paths: Iterable[str]) -> Loaded:
    """Read files, directories and `-`. What is no YAML is a problem like any other."""
    problems: list[Problem] = []
    documents = list(_documents(paths, problems))
    loaded = load_documents(documents)
    return Loaded(loaded.policies, (*problems, *loaded.problems))


def load_documents(documents: Iterable[Document]) -> Loaded:
    policies: list[Policy] = []
    problems: list[Problem] = []
    seen: dict[tuple[str, str | None, str], str] = {}
    for document in documents:
        read = parsed(document, PolicyDocument, _WHAT)
        if isinstance(read, list):
            problems.extend(read)
            continue
        place = document.place()
        identity = (read.kind, read.metadata.namespace, read.metadata.name)
        if identity in seen:
            message = f"{read.kind} {read.metadata.name} stands at {seen[identity]} already"
            problems.append(Problem(document.place(("metadata", "name")), "metadata.name", message))
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


def load_all(paths: Iterable[str]) -> tuple[Policy, ...]:
    """The policies, every document right. Raises InputError with every problem, a line each."""
    return load(paths).whole()


def parsed(document: Document, model: type[M], what: str) -> M | list[Problem]:
    """The document as a `model`, or what is wrong with it; `what` it should be, in words."""
    if not isinstance(document.data, dict):
        return [Problem(document.place(), "", what)]
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        found = list(_errors(error, model))
        # Something else altogether: what its fields are called is no mistake.
        elsewhat = [each for each in found if each[0] in (("apiVersion",), ("kind",))]
        return [
            Problem(document.place(location), files.dotted(location), message)
            for location, message in elsewhat or found
        ]


def spec_of(data: dict[str, Any]) -> dict[str, Any]:
    """The spec without what is the default; of a policy that is not valid, as it stands."""
    try:
        return PolicyDocument.model_validate(data).spec.model_dump(mode="json", exclude_defaults=True)
    except ValidationError:
        return dict(data.get("spec") or {})


def told(error: ValidationError) -> list[str]:
    """`field: what is wrong` of everything that is, for a document that stands in no file."""
    return [f"{files.dotted(location)}: {message}" for location, message in _errors(error, PolicyDocument)]


def _errors(error: ValidationError, model: type[BaseModel]) -> Iterator[tuple[Location, str]]:
    return (_told(each["type"], each["loc"], each["msg"], each["input"], model) for each in error.errors())


def _told(
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
