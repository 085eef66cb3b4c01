"""Where something is written: in a file, or in an object that was rendered."""

from __future__ import annotations

from msgspec import Struct

STDIN = "<stdin>"
"""The file of what standard input holds."""


class Place(Struct, frozen=True):
    """Lines and columns count from 1; 0 if only the file is known."""

    file: str
    """As it was given on the command line, or STDIN."""
    line: int = 0
    column: int = 0
    object: str = ""
    """Kind and name, if the file renders objects: then their lines are in no file."""

    def __str__(self) -> str:
        if self.line:
            return f"{self.file}:{self.line}:{self.column}"
        return f"{self.file}: {self.object}" if self.object else self.file

    @property
    def fields(self) -> dict[str, str | int]:
        """For output that programs read: `file`, and `line` and `column` if they are known."""
        if self.line:
            return {"file": self.file, "line": self.line, "column": self.column}
        return {"file": self.file}
