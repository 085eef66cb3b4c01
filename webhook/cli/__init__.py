"""The command line: a file or room for each verb, which parses flags, calls a room below and prints."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.main import get_group

from webhook import __version__, interrupt
from webhook.cli.shell.help import Group, Verbs
from webhook.completion.grammar import commands

_COMMANDS = {
    "serve": "serve.command:serve",
    "mutate": "mutate.command:mutate",
    "explain": "explain.command:explain",
    "audit": "audit.command:audit",
    "retrofit": "retrofit.command:retrofit",
    "resize": "resize.command:resize",
    "recommend": "recommend.command:recommend",
    "images": "images.command:images",
    "export": "export.command:export",
    "test": "test:run",
    "policies": "policies:app",
    "certs": "certs.command:app",
    "completion": "completion:completion",
    "version": "version:version",
    "help": "help:help_",
}


@contextmanager
def _closed_pipe_ends_as_sigpipe_does() -> Iterator[None]:
    """Not with 1, as typer does: that says that something was found."""
    try:
        yield
    except BrokenPipeError as error:
        raise typer.Exit(interrupt.PIPE_CLOSED) from error


class _Commands(Group):
    """Imports a command only when it is called: imports take longer than most commands run."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "commands": dict.fromkeys(_COMMANDS)})

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        with _closed_pipe_ends_as_sigpipe_does():  # while it prints help
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: Any) -> Any:
        with _closed_pipe_ends_as_sigpipe_does():
            return super().invoke(ctx)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Without importing them all."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, commands()["verbs"][name]["help"]) for name in _COMMANDS])

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name].partition(":")
        verb = getattr(import_module(f"{__name__}.{module}"), name)
        parent = Verbs()
        parent.callback()(podtailor)  # makes it a group, even with a single command
        if isinstance(verb, Verbs):
            parent.add_typer(verb, name=cmd_name)
        else:
            parent.command(cmd_name)(verb)
        return get_group(parent).commands[cmd_name]


app = Verbs(
    cls=_Commands,
    help="""Fill in what Pods leave unset: resizePolicy, node selectors, tolerations, requests and limits.

    \b
    Begin without a cluster:
      podtailor audit -f my.yaml

    \b
    docs/README.md lists the guides.
    docs/install.md#uninstall says how to uninstall podtailor.
    """,
)


def _print_version(*, is_wanted: bool) -> None:
    if is_wanted:
        print(f"podtailor {__version__}")
        raise typer.Exit


@app.callback()
def podtailor(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version."),
    ] = False,
) -> None:
    """Runs before each command, after its import."""
    del version
    interrupt.restore_ctrl_c()


def program_name() -> str:
    """As the user calls it."""
    return "kubectl podtailor" if Path(sys.argv[0]).stem == "kubectl-podtailor" else "podtailor"


def main() -> None:
    """Run a command. Wrong input ends with an error message and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # manifests are UTF-8 in every locale
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="backslashreplace")
    try:
        app(prog_name=program_name(), complete_var="")
    except KeyboardInterrupt:  # before anything was printed
        sys.exit(interrupt.INTERRUPTED)
    except Exception as error:
        from webhook.cli.common.terminal import print_error, print_problem
        from webhook.documents.problems import InvalidInputError
        from webhook.errors import ClusterError, InputError

        if isinstance(error, InvalidInputError):
            for problem in error.problems:
                print_problem(problem)
        elif isinstance(error, ClusterError):
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
        sys.exit(interrupt.PIPE_CLOSED)
