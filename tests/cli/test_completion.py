"""`podtailor completion`."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Run


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_prints_the_script(run: Run, shell: str) -> None:
    done = run("completion", shell)
    assert (done.code, done.err) == (0, "")
    assert f"podtailor completion {shell}" in done.out
    assert " __complete " in done.out


def test_other_shells_are_not_known(run: Run) -> None:
    assert run("completion", "bsh").err == (
        "error: bsh: write bash, zsh or fish [wrong-usage]\nhint: did you mean bash? See `podtailor completion --help`\n"
    )
