"""Real shells complete a line as a person types it, with TAB."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import apt

pytestmark = pytest.mark.e2e  # of the shells of this machine
BIN = str(Path(sys.executable).parent)
LINES = [
    pytest.param("podtailor expl", "podtailor explain", id="a verb"),
    pytest.param("podtailor policies li", "podtailor policies li", id="the common part of two verbs"),
    pytest.param("podtailor audit --fail-on viol", "podtailor audit --fail-on violation", id="a value"),
    pytest.param("podtailor audit --fail-on=viol", "podtailor audit --fail-on=violation", id="a value after ="),
    pytest.param(
        "podtailor audit --fail-on violation,sk", "podtailor audit --fail-on violation,skipped", id="after a comma"
    ),
    pytest.param(
        "podtailor audit --context arn:aws:e",
        "podtailor audit --context arn:aws:eks:eu-1:cluster/prod",
        id="a context with colons",
    ),
    pytest.param("podtailor mutate -f manif", "podtailor mutate -f manifest.yaml", id="a file"),
    pytest.param("podtailor certs issue --out fold", "podtailor certs issue --out folder/", id="a folder"),
]  # fmt: skip
START = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
}
SETUP = {
    "bash": "source <(podtailor completion bash)",
    "zsh": "bindkey -e; autoload -Uz compinit; compinit -u -D; source <(podtailor completion zsh)",
}


@pytest.mark.parametrize("shell", ["bash", "zsh"])
@pytest.mark.parametrize(("typed", "completed"), LINES)
def test_bash_and_zsh(shell: str, typed: str, completed: str, kubeconfig: Path, tmp_path: Path) -> None:
    """The line is completed, and printed by putting `echo` and quotes around it."""
    apt.program(shell)
    shown = _words(_type(shell, typed, tmp_path))
    # zsh takes the slash back when the word ends.
    assert shown == (completed.removesuffix("/") if shell == "zsh" else completed)
    assert kubeconfig.is_file()


@pytest.mark.parametrize(("typed", "completed"), LINES)
@pytest.mark.usefixtures("kubeconfig")
def test_fish(typed: str, completed: str, tmp_path: Path) -> None:
    apt.program("fish")
    _files(tmp_path)
    code = f"podtailor completion fish | source; complete --do-complete '{typed}'"
    done = subprocess.run(
        ["fish", "--no-config", "-c", code],  # noqa: S607 (of this machine)
        cwd=tmp_path, env=_environment(tmp_path), capture_output=True, text=True, check=True,
    )  # fmt: skip
    offered = [line.partition("\t")[0] for line in done.stdout.splitlines()]
    common = os.path.commonprefix(offered)  # noqa: RUF071 (of words, not of paths)
    assert f"{typed.rpartition(' ')[0]} {common}" == completed


def _type(shell: str, typed: str, folder: Path) -> str:
    _files(folder)
    keys = f"{SETUP[shell]}\n{typed}\t\x01echo '\x05' DONE\nexit\n"
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execvpe(START[shell][0], START[shell], _environment(folder))  # noqa: S606 (it is a shell that is tested)
    os.write(terminal, keys.encode())
    shown = b""
    try:
        while read := os.read(terminal, 4096):
            shown += read
    except OSError:  # the shell has ended
        pass
    os.waitpid(pid, 0)
    os.close(terminal)
    lines: list[str] = re.findall(r"^(podtailor .*) DONE\r?$", shown.decode(errors="replace"), re.MULTILINE)
    return lines[-1]


def _words(line: str) -> str:
    return " ".join(line.split())


def _files(folder: Path) -> None:
    (folder / "manifest.yaml").touch()
    (folder / "folder").mkdir(exist_ok=True)
    (folder / "folder.txt").touch()


def _environment(home: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("KUBECONFIG",) if name in os.environ}
    return {**kept, "PATH": f"{BIN}:/usr/bin:/bin", "HOME": str(home), "TERM": "dumb", "LC_ALL": "C.UTF-8"}
