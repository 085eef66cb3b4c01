"""The command line: a file or room for each verb, which parses flags, calls a room below and prints."""

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
    "rich_markup_mode": None,  # its tables truncate the names of environment variables
    "pretty_exceptions_enable": False,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}


class _Commands(TyperGroup):
    """Imports a command only when it is called: imports take longer than most commands run."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "commands": dict.fromkeys(_COMMANDS)})

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        verb = getattr(import_module(f"{__name__}.{module}"), name)
        parent = typer.Typer(add_completion=False, **_STYLE)
        parent.callback()(podtailor)  # makes it a group, even with a single command
        if isinstance(verb, typer.Typer):
            parent.add_typer(verb, name=cmd_name)
        else:
            parent.command(cmd_name)(verb)
        return get_group(parent).commands[cmd_name]


app = typer.Typer(
    cls=_Commands,
    help="Fill in what Pods leave unset: resizePolicy, node selectors, tolerations, requests and limits.",
    epilog="Exit codes: 0 success, 1 findings or failures (see the help of each command), "
    "2 wrong usage or unusable input, 130 interrupted.",
    no_args_is_help=True,
    **_STYLE,
)


@app.callback()
def podtailor() -> None:
    """Runs before each command, after its import."""
    interrupt.restore_ctrl_c()


def main() -> None:
    """Run a command. Wrong input ends with an error message and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # manifests are UTF-8 in every locale
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="backslashreplace")
    try:
        app()
    except KeyboardInterrupt:  # before anything was printed
        sys.exit(interrupt.INTERRUPTED)
    except Exception as error:
        from webhook.cli.common.terminal import print_error
        from webhook.errors import ClusterError, InputError

        if isinstance(error, ClusterError):
            print_error(f"cluster: {error}", name=error.name, hint=error.hint)
        elif isinstance(error, InputError):
            print_error(str(error), name=error.name, hint=error.hint)
        elif isinstance(error, OSError):  # such as a full disk for standard output
            print_error(error.strerror or str(error))
        else:
            raise
        sys.exit(2)
    finally:
        _flush_output()


def _flush_output() -> None:
    """Otherwise Python 3.13 and later print an error at exit if the reader has closed the pipe.

    https://docs.python.org/3/library/signal.html#note-on-sigpipe
    """
    out = sys.__stdout__
    if out is None:  # the process was started without one
        return
    try:
        out.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())
