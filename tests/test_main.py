"""`python -m webhook` is the same command as the installed script."""

from __future__ import annotations

import subprocess
import sys

import pytest

from webhook import __version__


@pytest.mark.parametrize("command", [["-m", "webhook"], ["-c", "import webhook.cli; webhook.cli.main()"]])
def test_starts_as_a_module_and_as_a_script(command: list[str]) -> None:
    done = subprocess.run([sys.executable, *command, "version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"podtailor {__version__}\n"
