"""What all commands share: help, completion, variables, a closed pipe."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from webhook import __version__


@pytest.mark.parametrize("name", ["podtailor", "kubectl-podtailor"])
def test_version_option(name: str) -> None:
    script = str(Path(sys.executable).parent / name)
    done = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"podtailor {__version__}\n"


def test_help_of_the_kubectl_plugin_says_how_to_call_it() -> None:
    script = str(Path(sys.executable).parent / "kubectl-podtailor")
    done = subprocess.run([script, "policies"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Usage: kubectl podtailor policies COMMAND\n")


def test_variables_set_flags(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PODTAILOR_BUILTIN", "off")
    assert run("policies", "list").out == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["mutate", "-f", "examples"],
        ["audit", "-f", "examples", "-o", "json"],
        ["audit", "-f", "examples"],
        ["policies", "list", "--builtin", "safe"],
        ["version"],
        ["--help"],
        ["audit", "--help"],
    ],
)
def test_closed_pipe_ends_as_sigpipe_does(arguments: list[str]) -> None:
    """Neither while the command writes, nor when the process flushes its output at exit."""
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "webhook", *arguments]
    done = subprocess.run(command, stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize("verb", ["mutate", "explain", "audit"])
def test_commands_on_files_import_nothing_that_is_slow_and_not_needed(verb: str) -> None:
    code = f"""
import sys
sys.argv = ["podtailor", "{verb}", "-f", "examples/general.yaml"]
from webhook.cli import main
try:
    main()
finally:
    print([each for each in ("pydantic", "kubernetes", "urllib3", "cryptography") if each in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_only_serve_imports_the_server() -> None:
    code = "import sys, webhook.cli; print([m for m in ('fastapi', 'uvicorn', 'kubernetes') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
