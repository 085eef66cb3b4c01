"""`podtailor version`."""

from __future__ import annotations

from webhook import __version__
from webhook.cli.common.output import Format, Output, print_data


def version(output: Output = Format.TABLE) -> None:
    """Print the version."""
    if output is Format.TABLE:
        print(f"podtailor {__version__}")
    else:
        import platform

        print_data({"podtailor": __version__, "python": platform.python_version()}, output)
