"""`podtailor help`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from webhook.cli.shell import usage


def help_(
    ctx: typer.Context,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="VERB", help="A verb, and one of its own.")
    ] = None,
) -> None:
    """Print the help of a command.

    \b
    Examples:
      podtailor help audit
      podtailor help policies lint
    """
    of: Any = ctx.find_root()
    for word in words or ():
        known = getattr(of.command, "commands", {})
        command = of.command.get_command(of, word) if word in known else None
        if command is None:
            raise usage.unknown_command(of, word, known)
        of = typer.Context(command, info_name=word, parent=of)
    print(of.get_help())
