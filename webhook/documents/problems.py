"""What is wrong with input, as data: a stable name, a place, and a message that says what to do."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from webhook.errors import InputError
from webhook.model.place import Place


class ProblemName(StrEnum):
    UNREADABLE_FILE = "unreadable-file"
    """It does not exist, may not be read, or is not UTF-8."""
    NO_MANIFESTS = "no-manifests"
    """A directory without files to read."""
    INVALID_YAML = "invalid-yaml"
    INVALID_FIELD = "invalid-field"
    """Every API server would reject it."""
    DUPLICATE_KEY = "duplicate-key"
    INVALID_POLICY = "invalid-policy"
    DUPLICATE_POLICY = "duplicate-policy"


class Problem(Struct, frozen=True):
    name: ProblemName
    place: Place
    message: str
    field: str = ""
    """As in `spec.containers[0].image`; empty for a whole file or object."""

    def __str__(self) -> str:
        return ": ".join(filter(None, (str(self.place), self.field, self.message)))


class InvalidInputError(InputError):
    """Problems of input. Its message has one line for each."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems
