"""Splits YAML into tokens as libyaml does, of which kubectl's YAML reader is a port.

ruamel.yaml refuses a tab after a value, and reads a byte order mark inside a file as a letter.
"""

from __future__ import annotations

import re
from typing import Any

from ruamel.yaml.scanner import Scanner, ScannerError

MAX_DEPTH = 200
"""The deepest CRDs of public projects nest some 60 levels; Python's recursion limit is 1,000."""
TOO_DEEP = f"nested more than {MAX_DEPTH} deep"

_BREAKS = "\r\n\x85\u2028\u2029"
_BLOCK_SCALAR_HEADER = re.compile(r"[|>][-+0-9]*[ \t]*\t")
_TAG = re.compile(r"!\S*[ \t]*\t")


class TolerantScanner(Scanner):
    """Accepts tabs that are not indentation, as libyaml's `yaml_parser_scan_to_next_token` does."""

    def fetch_flow_collection_start(self, TokenClass: Any, to_push: Any) -> None:  # noqa: N803 (its own name)
        if self.flow_level >= MAX_DEPTH:  # the cost of each further level grows with the depth
            raise ScannerError(None, None, TOO_DEEP, self.reader.get_mark())
        super().fetch_flow_collection_start(TokenClass, to_push)

    def scan_to_next_token(self) -> None:
        reader = self.reader
        while True:
            if reader.column == 0 and reader.peek() == "\ufeff":
                reader.forward()
            blanks = " \t" if self.flow_level or not self.allow_simple_key else " "
            while reader.peek() in blanks:
                reader.forward()
            if reader.peek() == "#":
                while reader.peek() not in f"\0{_BREAKS}":
                    reader.forward()
            if not self.scan_line_break():
                return
            if not self.flow_level:
                self.allow_simple_key = True

    def scan_plain_spaces(self, indent: Any, start_mark: Any) -> Any:
        length = 0
        while self.reader.peek(length) in " \t":
            length += 1
        blanks = self.reader.prefix(length)
        if "\t" not in blanks:
            return super().scan_plain_spaces(indent, start_mark)
        self.reader.forward(length)
        if self.reader.peek() in _BREAKS:
            return super().scan_plain_spaces(indent, start_mark)
        return [blanks]

    def scan_block_scalar(self, style: Any, rt: bool | None = False) -> Any:
        self._replace_tabs(_BLOCK_SCALAR_HEADER)
        return super().scan_block_scalar(style, rt)

    def scan_tag(self) -> Any:
        self._replace_tabs(_TAG)
        return super().scan_tag()

    def _replace_tabs(self, pattern: re.Pattern[str]) -> None:
        """Put spaces for the tabs of a match at the current position."""
        reader = self.reader
        match = pattern.match(reader.buffer, reader.pointer)
        if match:
            spaces = match[0].replace("\t", " ")
            reader.buffer = reader.buffer[: match.start()] + spaces + reader.buffer[match.end() :]
