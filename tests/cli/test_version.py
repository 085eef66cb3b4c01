"""`podtailor version`, which imports little."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.cli.conftest import Run
from webhook import __version__


def test_version(run: Run) -> None:
    assert run("version").out == f"podtailor {__version__}\n"
    assert json.loads(run("version", "-o", "json").out)["podtailor"] == __version__


def test_version_does_not_import_what_reads_policies() -> None:
    code = """
import sys
sys.argv = ["podtailor", "version"]
from webhook.cli import main
try:
    main()
finally:
    print([each for each in ("ruamel.yaml", "webhook.policies", "kubernetes") if each in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"podtailor {__version__}\n[]\n"
