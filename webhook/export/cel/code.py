"""The text of an expression, with what must be known of it before it is printed.

Source: the grammar in google/cel-spec `doc/langdef.md`, the parser in google/cel-go `parser/`.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from enum import IntEnum

from msgspec import Struct


class Binding(IntEnum):
    """How tightly an expression holds together, in the order of the grammar."""

    CHOICE = 0
    OR = 1
    AND = 2
    RELATION = 3
    SUM = 4
    PRODUCT = 5
    NEGATION = 6
    MEMBER = 7


class Bound(Struct, frozen=True):
    """The variable of a macro, such as `each` in `list.exists(each, ...)`. Each one made is another."""

    name: str
    number: int


class Code(Struct, frozen=True):
    text: str
    binding: Binding = Binding.MEMBER
    depth: int = 1
    """At least as many as the parser counts: it refuses expressions that are nested too deeply."""
    uses: frozenset[str] = frozenset()
    """Names of the variables of the policy in it."""
    free: frozenset[Bound] = frozenset()
    """Variables of macros around it."""

    def within(self, binding: Binding) -> str:
        """The text as an operand of an operator that binds like this."""
        return self.text if self.binding >= binding else f"({self.text})"


_numbers = itertools.count()
# The names that an expression of a MutatingAdmissionPolicy has, and the words that the grammar reserves.
_TAKEN = {
    *("as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in", "let"),
    *("loop", "namespace", "null", "package", "return", "true", "var", "void", "while"),
    *("object", "oldObject", "request", "params", "variables", "namespaceObject", "authorizer"),
    *("Object", "JSONPatch", "jsonpatch"),
}
_LAST_OF_FOUR_DIGITS = 0xFFFF
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


# Even where a field is meant: words of the lexer.
_KEYWORDS = frozenset({"false", "in", "null", "true"})


def is_identifier(name: str) -> bool:
    return is_field(name) and name not in _TAKEN


def is_field(name: str) -> bool:
    """Whether a field of this name can stand after a dot."""
    return _IDENTIFIER.fullmatch(name) is not None and name not in _KEYWORDS


def bound(name: str) -> Bound:
    """A variable for a macro. Raises ValueError if CEL does not allow the name."""
    if not is_identifier(name):
        raise ValueError(f"{name} cannot be the variable of a macro")
    return Bound(name, next(_numbers))


def joined(
    parts: Sequence[Code],
    text: str,
    binding: Binding = Binding.MEMBER,
    *,
    binds: Iterable[Bound] = (),
    chained: bool = False,
) -> Code:
    """An expression of `parts`, printed as `text`; `binds` are variables that it binds in them.

    `chained`: the parser nests such operands, each in the one before. Raises ValueError if a variable of a
    macro around it would be taken for the one that it binds.
    """
    own = frozenset(binds)
    free = frozenset[Bound]().union(*(part.free for part in parts))
    names = {each.name for each in own}
    hidden = sorted(each.name for each in free - own if each.name in names)
    if hidden:
        raise ValueError(f"{hidden[0]} is the variable of two macros, one within the other")
    depth = max((part.depth for part in parts), default=0) + (len(parts) if chained else 1)
    uses = frozenset[str]().union(*(part.uses for part in parts))
    return Code(text, binding, depth, uses, free - own)


def literal_text(text: str) -> str:
    """A string literal of ASCII, with every other character escaped."""
    return f"'{''.join(map(_escaped, text))}'"


def _escaped(character: str) -> str:
    code = ord(character)
    if character in "\\'":
        return f"\\{character}"
    if " " <= character <= "~":
        return character
    return f"\\U{code:08x}" if code > _LAST_OF_FOUR_DIGITS else f"\\u{code:04x}"
