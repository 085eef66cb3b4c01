"""Plain words for types, and for what msgspec says of a value that does not have the wanted one."""

from __future__ import annotations

import re

# By the names of msgspec and of Python.
_GIVEN = {
    "array": "a list",
    "list": "a list",
    "object": "a mapping",
    "dict": "a mapping",
    "str": "a string",
    "int": "a whole number",
    "float": "a number",
    "bool": "a boolean",
}
_WANTED = {**_GIVEN, "bool": "true or false", "quantity": "a quantity"}
_WRONG_TYPE = re.compile(r"Expected `([a-z]+)[^`]*`, got `([a-z]+)`")
_FIELD = re.compile(r"Object (missing required|contains unknown) field `([^`]+)`")


def wrong_type(wanted: str, given: str) -> str:
    """By names of types; of one that is not in JSON the name itself."""
    # In YAML 1.1, which kubectl reads, `y` is true.
    quotes = ": put it in quotes" if wanted == "str" and given in ("int", "float", "bool") else ""
    return f"must be {_WANTED[wanted]}, but is {_GIVEN.get(given, given)}{quotes}"


def plain(message: str) -> str:
    """`message`: of msgspec.ValidationError, without the place. Unchanged if it is of another kind."""
    match = _WRONG_TYPE.fullmatch(message)
    if match and match[1] in _WANTED:
        return wrong_type(match[1], match[2])
    match = _FIELD.fullmatch(message)
    if match:
        return (
            f'"{match[2]}" is required' if match[1].startswith("missing") else f'unknown field "{match[2]}"'
        )
    return message
