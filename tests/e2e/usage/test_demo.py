"""`make demo USAGE=1`, and what docs/recommend.md says to type there, typed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.demos import Shell, shell_beside

SECTION = (
    Path("docs/recommend.md").read_text().partition("## Try it on a made-up week")[2].partition("\n## ")[0]
)
START, *COMMANDS = [
    line for block in re.findall(r"```sh\n(.*?)```", SECTION, re.DOTALL) for line in block.splitlines()
]


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    with shell_beside(
        START, {"KUBECONFIG", "PODTAILOR_PROMETHEUS"}, 100, tmp_path_factory.mktemp("terminal")
    ) as shell:
        yield shell


def test_from_nothing_to_a_policy_in_force_in_five_commands(shell: Shell) -> None:
    recommend, write, explain, enforce, *others = COMMANDS
    code, printed = shell.type(recommend)
    assert code == 1, printed
    assert re.search(r"deploy/web +app +250m -> 150m +256Mi -> 528Mi", printed)
    assert "Not judged: 1 container" in printed
    code, printed = shell.type(write)
    assert code == 0, printed
    # Not for postgres: the template sets the one value that would change.
    assert printed.count(": written\n") == 6
    reviewed = "app:requests.memory = 528Mi  by deployment-web-app\n"
    assert reviewed in shell.type(explain)[1].partition("Would set, audit only")[2]
    assert shell.type(enforce)[0] == 0
    assert reviewed in shell.type(explain)[1].partition("Would set, audit only")[0]
    # The last has the sizes of the file for the Pods that run, and what they use by the same server.
    for command in others:
        code, printed = shell.type(command)
        assert code == 0, printed
    assert len(re.findall(r"web-\S+ +app +250m -> 150m +256Mi -> 528Mi +\d+m / \d+Mi", printed)) == 2


def test_backtest_of_the_page(shell: Shell) -> None:
    (command,) = (each for each in COMMANDS if "--backtest" in each)
    rows = re.findall(r"deploy/web +(.+?)  +(\d+) +(\d+) min", shell.type(command)[1])
    assert rows == [
        (by, "0", "0") for by in ("as it stands", "podtailor", "krr simple", "vpa target", "P95 alone")
    ]
