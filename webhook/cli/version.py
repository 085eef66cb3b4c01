"""`podtailor version`."""

from __future__ import annotations

import platform

from webhook import __version__
from webhook.cli.common.output import Format, OutputFormat, print_json


def version(output: OutputFormat = Format.TEXT) -> None:
    """Print the version."""
    if output is Format.JSON:
        print_json({"podtailor": __version__, "python": platform.python_version()})
    else:
        print(f"podtailor {__version__}")
