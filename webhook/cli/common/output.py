"""Output for programs, and wording that verbs share. Output for people is in `terminal.py`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import msgspec
import typer

from webhook.documents.json_text import escape_controls


class Format(StrEnum):
    """Output formats of a command that prints text or a table."""

    TEXT = "text"
    JSON = "json"


OutputFormat = Annotated[Format, typer.Option("--output", "-o", help="Text, or JSON for programs.")]


def pluralize(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def print_json(value: Any) -> None:
    """One JSON value, indented, keys in the order given."""
    text = msgspec.json.format(msgspec.json.encode(value, enc_hook=str), indent=2).decode()
    print(escape_controls(text))
