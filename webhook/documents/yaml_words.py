"""What is wrong with a YAML text, in words for who wrote it rather than for who wrote the parser."""

from __future__ import annotations

import re

_PLAIN = [
    (r"could not find expected ':'", "a key without `:`"),
    (r"mapping values are not allowed here", "`:` cannot stand here: quote the value, or indent otherwise"),
    (r"(sequence entries|mapping keys) are not allowed here", "correct the indentation"),
    (r"expected <block end>.*", "correct the indentation: no line above begins in this column"),
    (r"expected ',' or ']'.*", "`,` or `]` is missing"),
    (r"expected ',' or '}'.*", "`,` or `}` is missing"),
    (r"expected the node content.*", "a value is missing"),
    (r"found character '\\t' that.*", "a tab: YAML is indented with spaces"),
    (r"found character (.+) that cannot start any token", r"a value cannot begin with \1: quote it"),
    (r"found unexpected (end of stream|document separator)", "the closing quote is missing"),
    (r"found unknown escape character '(.+)'", r"\\\1 means nothing in double quotes: take single quotes"),
]  # fmt: skip
"""Messages of the scanner and parser of ruamel.yaml and PyYAML, and ours."""


def plain_words(problem: str) -> str:
    """The rarest problems keep the words of the parser."""
    for pattern, words in _PLAIN:
        match = re.fullmatch(pattern, problem)
        if match:
            return match.expand(words)
    return problem
