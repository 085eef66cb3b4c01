"""Ctrl-C ends a command without a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from webhook import interrupt


@pytest.mark.parametrize(
    "moment",
    [
        "webhook.cli",
        "typer",
        "webhook.cli.mutate",
        "msgspec",
        "ruamel.yaml",
        "jsonpatch",
        "webhook.engine.evaluate",
    ],
)
def test_ctrl_c_during_imports_prints_no_traceback(moment: str) -> None:
    """While it imports that module."""
    code = f"""
import os, signal, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {moment!r}:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Finder())
sys.argv = ["podtailor", "mutate", "-f", "examples"]
from webhook.__main__ import main
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_ctrl_c_stays_ignored_if_the_parent_ignores_it() -> None:
    code = "import signal; from webhook import interrupt; interrupt.exit_on_ctrl_c(); print(signal.getsignal(2).name)"
    command = ["sh", "-c", f"trap '' INT; exec {sys.executable} -c '{code}'"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "SIG_IGN\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_signals_end_as_ctrl_c_does_once(number: signal.Signals) -> None:
    with interrupt.by_any_signal():
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
        os.kill(os.getpid(), number)
    assert signal.getsignal(number) is signal.SIG_DFL


def test_terminal_that_is_closed_does_not_keep_results_from_a_file(tmp_path: Path) -> None:
    """As if a connection breaks: SIGHUP comes, and what is written to the terminal would raise."""
    code = """
import sys, time
from webhook import interrupt
with interrupt.by_any_signal():
    try:
        print("ready", file=sys.stderr)
        while True:  # a signal that comes just before one sleep begins is handled after it
            time.sleep(0.1)
    except KeyboardInterrupt:
        print("to go on", file=sys.stderr, flush=True)
        open(sys.argv[1], "w").write("results")
"""
    terminal = """
import os, pty, sys
pid, terminal = pty.fork()
if not pid:
    os.execv(sys.executable, [sys.executable, "-c", *sys.argv[1:]])
while b"ready" not in os.read(terminal, 999):
    pass
os.close(terminal)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""
    file = tmp_path / "results"
    done = subprocess.run([sys.executable, "-c", terminal, code, file], check=False, timeout=60)
    assert (done.returncode, file.read_text()) == (0, "results")


def test_signal_that_the_parent_ignores_stays_ignored() -> None:
    """As of `nohup`."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interrupt.by_any_signal():
            os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


def test_ctrl_c_while_a_command_reads_prints_no_traceback() -> None:
    code = """
import os, signal, sys
from webhook.documents import files
files.sys = type("Sys", (), {"stdin": property(lambda _: os.kill(os.getpid(), signal.SIGINT))})()
sys.argv = ["podtailor", "mutate", "-f", "-"]
from webhook.__main__ import main
main()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
