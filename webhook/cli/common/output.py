"""The words of `-o`, output for programs, and wording that verbs share; `terminal.py` has that for people."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

import typer


class Format(StrEnum):
    """Every word of `-o`. A verb's annotation names those that it has: `Annotated[Literal[...], OUTPUT]`."""

    TABLE = "table"
    """For people, be it a table or sentences."""
    WIDE = "wide"
    """The table with all columns and whole names."""
    JSON = "json"
    YAML = "yaml"
    HTML = "html"
    MARKDOWN = "markdown"
    SARIF = "sarif"
    JUNIT = "junit"
    GITHUB = "github"
    OPENREPORTS = "openreports"
    PROMETHEUS = "prometheus"


OUTPUT: Any = typer.Option("--output", "-o", help="Format of the output.")
TABLE_OUTPUT: Any = typer.Option(
    "--output", "-o", help="Format of the output; wide has all columns, and whole names."
)
DataFormat = Literal[Format.JSON, Format.YAML]
Output = Annotated[Literal[Format.TABLE, Format.JSON, Format.YAML], OUTPUT]
TableOutput = Annotated[Literal[Format.TABLE, Format.WIDE, Format.JSON, Format.YAML], TABLE_OUTPUT]


def pluralize(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def utc_minute(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M} UTC"


def print_data(value: Any, output: DataFormat) -> None:
    """One value, with its keys in the order given."""
    import msgspec

    if output is Format.YAML:
        from webhook.documents import yaml_dump

        text = yaml_dump.dump(msgspec.to_builtins(value, enc_hook=str))
        print(text, end="")
    else:
        from webhook.documents.json_text import escape_controls

        text = msgspec.json.format(msgspec.json.encode(value, enc_hook=str), indent=2).decode()
        print(escape_controls(text))
