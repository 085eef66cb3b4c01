"""Plain words for types, and for what msgspec says of a value that does not have the wanted one."""

from __future__ import annotations

import re

# By the names of msgspec and of Python.
_WORDS = {
    "array": "a list",
    "list": "a list",
    "object": "a mapping",
    "dict": "a mapping",
    "str": "a string",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
}
_WRONG_TYPE = re.compile(r"Expected `([a-z]+)[^`]*`, got `([a-z]+)`")
_FIELD = re.compile(r"Object (missing required|contains unknown) field `([^`]+)`")


def word(name: str) -> str:
    """Of a type; of one that is not in JSON, its name."""
    return _WORDS.get(name, name)


def plain(message: str) -> str:
    """`message`: of msgspec.ValidationError, without the place. Unchanged if it is of another kind."""
    match = _WRONG_TYPE.fullmatch(message)
    if match and match[1] in _WORDS:
        # In YAML 1.1, which kubectl reads, `y` is true.
        quotes = ": put it in quotes" if match[1] == "str" and match[2] in ("int", "float", "bool") else ""
        return f"must be {word(match[1])}, and is {word(match[2])}{quotes}"
    match = _FIELD.fullmatch(message)
    if match:
        return (
            f'"{match[2]}" is required' if match[1].startswith("missing") else f'unknown field "{match[2]}"'
        )
    return message
