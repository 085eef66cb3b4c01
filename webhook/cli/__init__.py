"""The command line: one file or room a verb. Parses words, calls a room below, prints."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from io import TextIOWrapper
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

from webhook import interrupt

_COMMANDS = {
    "serve": "serve.command:serve",
    "mutate": "mutate:mutate",
    "explain": "explain.command:explain",
    "audit": "audit.command:audit",
    "retrofit": "retrofit:retrofit",
    "test": "test:run",
    "policies": "policies:app",
    "certs": "certs.command:app",
    "version": "version:version",
}


_STYLE: dict[str, Any] = {
    "rich_markup_mode": None,  # its tables cut the names of environment variables short
    "pretty_exceptions_enable": False,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}


class _Commands(TyperGroup):
    """A command is imported when it is asked for: that takes longer than most take to run."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "commands": dict.fromkeys(_COMMANDS)})

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        found = getattr(import_module(f"{__name__}.{module}"), name)
        around = typer.Typer(add_completion=False, **_STYLE)
        around.callback()(podtailor)  # so that it is a group, also around a single command
        if isinstance(found, typer.Typer):
            around.add_typer(found, name=cmd_name)
        else:
            around.command(cmd_name)(found)
        return get_group(around).commands[cmd_name]


app = typer.Typer(
    cls=_Commands,
    help="Add to Pods what they left open: resizePolicy, node selectors and tolerations, resource defaults.",
    epilog="Exit codes: 0 done; 1 something was found (audit, test, certs check); 2 wrong usage or input "
    "that cannot be used.",
    no_args_is_help=True,
    **_STYLE,
)


@app.callback()
def podtailor() -> None:
    """Runs in front of each command, once that is imported."""
    interrupt.restore_ctrl_c()


def main() -> None:
    """Run a command; what the user gave wrongly ends with one clear message and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # manifests are UTF-8, whatever the locale says
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="backslashreplace")
    try:
        app()
    except KeyboardInterrupt:  # before there was anything to tell
        sys.exit(interrupt.INTERRUPTED)
    except Exception as error:
        from webhook.cli.common.terminal import print_error
        from webhook.errors import ClusterError, InputError

        if isinstance(error, ClusterError):
            print_error(f"cluster: {error}")
        elif isinstance(error, InputError):
            print_error(str(error))
        elif isinstance(error, OSError):  # a full disk behind standard output, and the like
            print_error(error.strerror or str(error))
        else:
            raise
        sys.exit(2)
    finally:
        _leave_output()


def _leave_output() -> None:
    """The interpreter closes it at its end, and from 3.13 on complains where the reader had enough.

    https://docs.python.org/3/library/signal.html#note-on-sigpipe
    """
    out = sys.__stdout__
    if out is None:  # the process was started without one
        return
    try:
        out.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())
