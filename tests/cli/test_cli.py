"""What all commands share: help, completion, variables, a closed pipe."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["serve"],
        ["mutate"],
        ["explain"],
        ["policies"],
        ["policies", "lint"],
        ["certs", "issue"],
        ["version"],
    ],
)
def test_every_command_has_help(run: Run, arguments: list[str]) -> None:
    done = run(*arguments, "--help")
    assert done.code == 0
    assert "Usage: podtailor" in done.out


def test_misspelt_command(run: Run) -> None:
    done = run("mutat")
    assert done.code == 2
    assert "Did you mean 'mutate'?" in done.err


def test_variables_set_flags(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PODTAILOR_BUILTIN", "off")
    assert len(run("policies", "list").out.splitlines()) == 1


@pytest.mark.parametrize("name", ["podtailor", "kubectl-podtailor"])
def test_completion_for_a_shell(name: str) -> None:
    script = str(Path(sys.executable).parent / name)
    environment = {**os.environ, f"_{name.upper().replace('-', '_')}_COMPLETE": "source_bash"}
    done = subprocess.run([script], env=environment, capture_output=True, text=True, check=True)
    assert f"{name}" in done.stdout
    assert "COMP_WORDS" in done.stdout


@pytest.mark.parametrize("arguments", [["mutate", "-f", "examples"], ["version"]])
def test_closed_pipe_prints_no_traceback(arguments: list[str]) -> None:
    """Neither while the command writes, nor when the process flushes its output at exit."""
    with subprocess.Popen(
        [sys.executable, "-m", "webhook", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as reading:
        assert reading.stdout
        assert reading.stderr
        reading.stdout.close()
        assert reading.stderr.read() == b""


def test_only_serve_imports_the_server() -> None:
    code = "import sys, webhook.cli; print([m for m in ('fastapi', 'uvicorn', 'kubernetes') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
