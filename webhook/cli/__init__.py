"""The command line: one file a verb. Parses words, calls a room below, prints."""

from __future__ import annotations

import sys

import typer

from webhook.cli import audit, certs, explain, mutate, policies, retrofit, serve, test, version
from webhook.cli.output import complain
from webhook.files import InputError

app = typer.Typer(
    help="Add to Pods what they left open: resizePolicy, node selectors and tolerations, resource defaults.",
    epilog="Exit codes: 0 done; 1 something was found (audit, test, certs check); 2 wrong usage or input "
    "that cannot be used.",
    no_args_is_help=True,
    rich_markup_mode=None,  # its tables cut the names of environment variables short
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(serve.serve)
app.command()(mutate.mutate)
app.command()(explain.explain)
app.command()(audit.audit)
app.command()(retrofit.retrofit)
app.command("test")(test.run)
app.add_typer(policies.app, name="policies")
app.add_typer(certs.app, name="certs")
app.command()(version.version)


def main() -> None:
    """Run a command; what the user gave wrongly ends with one clear message and exit code 2."""
    try:
        app()
    except InputError as error:
        complain(str(error))
        sys.exit(2)
    except KeyboardInterrupt:  # before there was anything to tell
        sys.exit(130)
    except OSError as error:  # a full disk behind standard output, and the like
        complain(error.strerror or str(error))
        sys.exit(2)
