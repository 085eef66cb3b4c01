"""The variables of the exported policy: each is evaluated once a Pod at most, when it is first asked for."""

from __future__ import annotations

from typing import TypeVar

from msgspec import Struct

from webhook.export.cel.code import Code, is_identifier
from webhook.export.cel.values import Value

V = TypeVar("V", bound=Value)

# Of cel-go's parser, as k8s.io/apiserver configures it: it refuses longer expressions, and more levels. The
# levels counted here are never fewer than the parser's.
MAX_CHARACTERS = 100_000
MAX_DEPTH = 240


class TooLarge(Exception):
    """An expression that no API server would parse."""


class Variable(Struct, frozen=True):
    name: str
    expression: str


class Program:
    """Variables in the order in which they are made, so that each uses only earlier ones.

    Two of one name would be accepted by the API server, refer to each other, and end its process at the first
    Pod: a stack overflow.
    """

    def __init__(self) -> None:
        self._codes: dict[str, Code] = {}

    def let(self, name: str, value: V) -> V:
        """Make a variable.

        Raises ValueError if it cannot have the name, or if something in it is not defined.
        """
        if not is_identifier(name) or name in self._codes:
            raise ValueError(f"there is a variable {name} already, or there can be none")
        self._check(value.code)
        self._codes[name] = value.code
        return value.alike(Code(f"variables.{name}", uses=frozenset({name})))

    def used_by(self, value: Value) -> list[Variable]:
        """The variables that it needs, in their order. Raises TooLarge."""
        self._check(value.code)
        needed, remaining = set[str](), list(value.code.uses)
        while remaining:
            name = remaining.pop()
            if name not in needed:
                needed.add(name)
                remaining += self._codes[name].uses
        for what, code in (("patch", value.code), *((name, self._codes[name]) for name in sorted(needed))):
            if len(code.text) > MAX_CHARACTERS or code.depth > MAX_DEPTH:
                raise TooLarge(what)
        return [Variable(name, code.text) for name, code in self._codes.items() if name in needed]

    def _check(self, code: Code) -> None:
        if code.free or not code.uses <= self._codes.keys():
            unknown = sorted(code.uses - self._codes.keys()) or sorted(each.name for each in code.free)
            raise ValueError(f"{unknown[0]} is not defined here")
