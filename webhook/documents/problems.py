"""What is wrong with input, as data: a stable name, a place, and a message that says what to do."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, NoReturn

from msgspec import Struct

from webhook.errors import InputError
from webhook.model.place import Place


class ProblemName(StrEnum):
    """What each means is in `webhook/messages/input.py`."""

    UNREADABLE_FILE = "unreadable-file"
    UNWRITABLE_FILE = "unwritable-file"
    NO_MANIFESTS = "no-manifests"
    NOT_RENDERED = "not-rendered"
    RENDERING_FAILED = "rendering-failed"
    INVALID_YAML = "invalid-yaml"
    UNEDITABLE_YAML = "uneditable-yaml"
    INVALID_FIELD = "invalid-field"
    DUPLICATE_KEY = "duplicate-key"
    INVALID_POLICY = "invalid-policy"
    DUPLICATE_POLICY = "duplicate-policy"
    INVALID_TEST = "invalid-test"
    INVALID_USAGE = "invalid-usage"
    INVALID_CACHE = "invalid-cache"


class Problem(Struct, frozen=True):
    name: ProblemName
    place: Place
    message: str
    field: str = ""
    """As in `spec.containers[0].image`; empty for a whole file or object."""
    hint: str = ""
    """What to do, such as the command to run instead."""

    def __str__(self) -> str:
        return ": ".join(filter(None, (str(self.place), self.field, self.message)))

    @property
    def fields(self) -> dict[str, Any]:
        """For output that programs read."""
        return {**self.place.fields, "name": self.name, "field": self.field, "message": self.message}


OnProblem = Callable[[Problem], object]
"""Takes each problem as it is found; what reads goes on with the rest, unless it raises."""


class InvalidInputError(InputError):
    """Problems of input. Its message has one line for each."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def raise_problem(problem: Problem) -> NoReturn:
    raise InvalidInputError(problem)
