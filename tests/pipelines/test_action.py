"""The action of action.yml, run on a repository as GitHub's runner runs it, with the inputs of docs/ci.md."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pipelines import actions
from tests.pipelines.conftest import example, git
from webhook import __version__

Action = Callable[..., actions.Ran]
INSTALL = "Install podtailor"


@pytest.fixture(scope="module")
def temp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runner's temporary folder, where podtailor is installed; once for the module."""
    return tmp_path_factory.mktemp("runner")


@pytest.fixture
def action(podtailor: Path, repository: Path, temp: Path) -> Action:
    (step,) = (
        each
        for each in example(".github/workflows/podtailor.yaml")["jobs"]["podtailor"]["steps"]
        if each["uses"] == f"OWNER/podtailor@v{__version__}"
    )

    def run(**inputs: str) -> actions.Ran:
        installed = [INSTALL] if (temp / "podtailor").exists() else []
        return actions.run(podtailor, repository, temp, {**step["with"], **inputs}, installed)

    return run


def test_findings_are_annotated_summed_up_and_written(action: Action, repository: Path) -> None:
    ran = action()
    assert ran.skipped == ("actions/setup-python@v6",)
    assert (ran.code, ran.outputs) == (1, {"exit-code": "1", "output": "podtailor.sarif"}), ran.log
    assert "\n::error file=deploy/web.yaml,line=6,col=5,title=podtailor%3A violation::" in f"\n{ran.log}"
    assert ran.summary.startswith("### podtailor audit\n\n**Failed**: 1 violation")
    log = json.loads((repository / "podtailor.sarif").read_text())
    (violation,) = (each for each in log["runs"][0]["results"] if each["level"] == "error")
    assert violation["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "deploy/web.yaml"
    assert git(repository, "status", "--short").split() == ["??", "podtailor.sarif"]


@pytest.mark.parametrize(
    ("inputs", "code", "title"),
    [
        ({"args": "--fail-on\nnone\n"}, 0, "podtailor audit"),
        ({"command": "mutate --check"}, 1, "podtailor mutate --check"),
        ({"command": "policies lint", "paths": "policies/\n", "policies": ""}, 0, "podtailor policies lint"),
        ({"command": "test", "paths": "tests/", "policies": "", "output": "a b.xml", "format": "junit"}, 0, "podtailor test"),
    ],
    ids=["findings that do not fail", "files that would change", "policies", "tests of policies"],
)  # fmt: skip
def test_every_check_runs_in_it(action: Action, inputs: dict[str, str], code: int, title: str) -> None:
    ran = action(**inputs)
    assert (ran.code, ran.outputs["exit-code"]) == (code, str(code)), ran.log
    assert ran.summary.startswith(f"### {title}\n")


def test_inputs_are_never_commands(action: Action, repository: Path) -> None:
    ran = action(paths="$(touch made)\n; touch made\n", policies="`touch made`", output="")
    assert ran.code == 2
    assert not (repository / "made").exists()
