"""Read policy documents; for each mistake say where it is and what to write instead."""

from __future__ import annotations

import difflib
import inspect
import re
import typing
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

from msgspec import Struct, structs
from pydantic import BaseModel, ValidationError

from webhook.documents import files
from webhook.documents.files import Document
from webhook.documents.find import Inputs
from webhook.documents.problems import InvalidInputError, Problem, ProblemName
from webhook.documents.yaml_tree import List, Mapping, Scalar
from webhook.errors import InputError
from webhook.model.place import Place
from webhook.model.policy import Policy
from webhook.policies.compile import compiled
from webhook.policies.policy_kinds import GROUP, KINDS, TEST_KIND
from webhook.policies.schema import PolicyDocument

Location = tuple[str | int, ...]
M = TypeVar("M", bound=BaseModel)
_WHAT = "a policy is a mapping with apiVersion, kind, metadata and spec"


class Loaded(Struct, frozen=True):
    """The policies of the valid documents, and the problems of the others."""

    policies: tuple[Policy, ...]
    problems: tuple[Problem, ...]
    parts: tuple[DocumentPart, ...] = ()
    """Each policy as it is written, and where."""

    def or_raise(self) -> tuple[Policy, ...]:
        """The policies. Raises InvalidInputError if there are problems."""
        if self.problems:
            raise InvalidInputError(*self.problems)
        return self.policies


class DocumentPart(NamedTuple):
    """A document, or an item of a List, at the path `at` in it."""

    document: Document
    at: Location
    data: Any

    def place(self, location: Location = ()) -> Place:
        return self.document.place((*self.at, *location))


def load(paths: Iterable[str], *, recursive: bool = False, command: str = "") -> Loaded:
    """Read files, directories and `-` (stdin). What cannot be read is one of the problems."""
    problems: list[Problem] = []
    parts = [
        part
        for path in paths
        for part in _policy_parts(
            files.read_documents(Inputs((path,), recursive, command=command), problems.append)
        )
    ]
    loaded = _load_parts(parts)
    return structs.replace(loaded, problems=(*problems, *loaded.problems))


def _policy_parts(documents: Iterable[Document]) -> list[DocumentPart]:
    """Without objects of other kinds, which may stand beside policies; everything if there is no policy."""
    parts = [
        part
        for document in documents
        if document.data is not None
        for part in _parts(DocumentPart(document, (), document.data))
    ]
    policies = [part for part in parts if not _is_other_kind(part.data)]
    return policies or parts


def _parts(part: DocumentPart) -> Iterator[DocumentPart]:
    """The items of a List, as printed by `kubectl get cwp -o yaml`; otherwise the part itself."""
    items = part.data.get("items") if isinstance(part.data, dict) else None
    if isinstance(items, list) and str(part.data.get("kind")).endswith("List"):
        for index, item in enumerate(items):
            yield from _parts(DocumentPart(part.document, (*part.at, "items", index), item))
    else:
        yield part


_POLICY_KINDS = [each.kind for each in KINDS]
_API_VERSION, _KIND = re.compile(r"([a-z0-9.-]+/)?v\d\w*", re.ASCII), re.compile(r"[A-Z]\w*", re.ASCII)


def _is_other_kind(data: Any) -> bool:
    """Whether it is some other Kubernetes object, or a PolicyTest, and not a policy with a misspelt kind."""
    if not isinstance(data, dict):
        return False
    version, kind = str(data.get("apiVersion")), str(data.get("kind"))
    if not _API_VERSION.fullmatch(version) or not _KIND.fullmatch(kind) or kind in _POLICY_KINDS:
        return False
    return not version.startswith(f"{GROUP}/") or kind == TEST_KIND


def _load_parts(parts: Iterable[DocumentPart]) -> Loaded:
    policies: list[Policy] = []
    problems: list[Problem] = []
    found: list[DocumentPart] = []
    seen: dict[tuple[str, str | None, str], Place] = {}
    for part in parts:
        read = parsed(part, PolicyDocument, _WHAT)
        if isinstance(read, list):
            problems.extend(read)
            continue
        place = part.place()
        identity = (read.kind, read.metadata.namespace, read.metadata.name)
        if identity in seen:
            message = f"{read.kind} {read.metadata.name} is already defined at {seen[identity]}"
            place = part.place(("metadata", "name"))
            problems.append(Problem(ProblemName.DUPLICATE_POLICY, place, message, "metadata.name"))
            continue
        seen[identity] = place
        policies.append(compiled(read, source=str(place)))
        found.append(part)
    return Loaded(tuple(policies), tuple(problems), tuple(found))


def load_or_raise(paths: Iterable[str]) -> tuple[Policy, ...]:
    """The policies of `paths`. Raises InputError with one line per problem if there are any."""
    return load(paths).or_raise()


def parsed(part: DocumentPart, model: type[M], what: str) -> M | list[Problem]:
    """The part as a `model`, or its problems. `what` says in words what it should be.

    A repeated key is a problem: readers of YAML differ in which of the two they take.
    """
    if part.document.duplicate_keys:
        return [*part.document.duplicate_key_problems()]
    if not isinstance(part.data, dict):
        return [_problem(part, (), what)]
    try:
        return model.model_validate(part.data)
    except ValidationError as error:
        messages = [
            _plain_words(
                each["type"], each["loc"], each["msg"], _as_written(part, each["loc"], each["input"]), model
            )
            for each in error.errors()
        ]
        # If it is of another kind, its fields are not the mistake.
        of_kind = [each for each in messages if each[0] in (("apiVersion",), ("kind",))]
        return [_problem(part, location, message) for location, message in of_kind or messages]


def _problem(part: DocumentPart, location: Location, message: str) -> Problem:
    return Problem(ProblemName.INVALID_POLICY, part.place(location), message, files.field_path(location))


def _as_written(part: DocumentPart, location: Location, given: object) -> object:
    """A number as the file writes it: YAML reads `1.10` as 1.1 and `0123` as 83."""
    if isinstance(given, bool) or not isinstance(given, int | float):
        return given
    try:
        node = part.document.root
    except InputError:  # JSON that is not YAML
        return given
    for step in (*part.at, *location):
        if isinstance(node, Mapping):
            node = node.get(str(step))
        elif isinstance(node, List) and isinstance(step, int):
            node = node.items[step]
    return node.text if isinstance(node, Scalar) else given


def spec_of(data: dict[str, Any]) -> dict[str, Any]:
    """The spec without fields that have their default; the spec as it is if it is not valid."""
    try:
        return PolicyDocument.model_validate(data).spec.model_dump(mode="json", exclude_defaults=True)
    except ValidationError:
        return dict(data.get("spec") or {})


def compiled_or_raise(data: dict[str, Any], source: str) -> Policy:
    """A policy that is in no file. Raises ValueError with `field: message` for each error."""
    try:
        return compiled(PolicyDocument.model_validate(data), source=source)
    except ValidationError as error:
        errors = (
            _plain_words(each["type"], each["loc"], each["msg"], each["input"], PolicyDocument)
            for each in error.errors()
        )
        messages = (f"{files.field_path(location)}: {message}" for location, message in errors)
        raise ValueError("; ".join(messages)) from None


_MUST_BE = {
    **dict.fromkeys(("model_type", "model_attributes_type", "dict_type"), "a mapping"),
    "list_type": "a list",
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "a whole number"),
}


def _plain_words(
    kind: str, location: Location, message: str, given: object, model: type[BaseModel]
) -> tuple[Location, str]:
    """Pydantic's error in words for people who write manifests."""
    if location and location[-1] == "[key]":
        location = location[:-1]
    if isinstance(given, bool) and kind in ("string_type", "literal_error", "enum"):
        return location, f"must be a string: YAML reads this as {str(given).lower()}, put it in quotes"
    if kind in _MUST_BE:
        return location, f"must be {_MUST_BE[kind]}"
    match kind:
        case "extra_forbidden":
            fields = _fields_beside(location, model)
            close = difflib.get_close_matches(str(location[-1]), fields, n=1)
            hint = f'did you mean "{close[0]}"?' if close else f"known fields are {', '.join(fields)}"
            return location, f"unknown field; {hint}"
        case "missing":
            return location, "required"
        case "string_type":
            return location, f'must be a string: write "{given}"'
        case "literal_error" | "enum":
            expected = message.removeprefix("Input should be ")
            return location, f"{given!r} is not {expected}"
        case "greater_than_equal" | "less_than_equal":
            return location, message.replace("Input should be", "must be")
    return location, message.removeprefix("Value error, ").removeprefix("Input ")


def _fields_beside(location: Sequence[str | int], model: type[BaseModel]) -> list[str]:
    """The field names of the model that has the field at `location`."""
    for step in location[:-1]:
        if isinstance(step, str):
            model = _model_in(model.model_fields[step].annotation) or model
    return sorted(model.model_fields)


def _model_in(annotation: object) -> type[BaseModel] | None:
    """The model inside `list[Model]`, `Model | None` and the like."""
    if inspect.isclass(annotation):
        return annotation if issubclass(annotation, BaseModel) else None
    models = map(_model_in, typing.get_args(annotation))
    return next(filter(None, models), None)
