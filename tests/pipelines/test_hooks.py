"""The hooks, run by pre-commit with the configuration of docs/ci.md."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.pipelines.conftest import example, git

Hook = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def environments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pre-commit keeps what it installs; once for the module."""
    return tmp_path_factory.mktemp("pre-commit")


@pytest.fixture
def hook(podtailor: Path, repository: Path, environments: Path) -> Hook:
    configuration = example(".pre-commit-config.yaml")
    (repo,) = configuration["repos"]
    repo["repo"] = str(podtailor)
    with (repository / ".pre-commit-config.yaml").open("w") as out:
        YAML().dump(configuration, out)
    git(repository, "add", "--all")

    def run(name: str, *arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "pre_commit", "run", name, *(arguments or ["--all-files"])],
            cwd=repository,
            # As in action.yml: to compile all that is installed takes longer than to run it.
            env={**os.environ, "PRE_COMMIT_HOME": str(environments), "PIP_NO_COMPILE": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    return run


def test_lint_passes_and_names_the_line_of_a_problem(hook: Hook, repository: Path) -> None:
    code, out = hook("podtailor-lint")
    assert (code, "Passed" in out) == (0, True), out
    policy = repository / "policies" / "floor.yaml"
    policy.write_text(policy.read_text().replace("128Mi", "128MiB"))
    code, out = hook("podtailor-lint")
    assert code == 1
    assert "error: policies/floor.yaml:8:13: spec.resources.limits[0].min.memory: " in out


def test_check_shows_the_diff_until_the_files_have_it(hook: Hook, repository: Path) -> None:
    code, out = hook("podtailor-check")
    assert code == 1, out
    assert "+    resizePolicy:\n" in out
    assert "templates" not in out
    command = [str(Path(sys.executable).with_name("podtailor")), "mutate", "-f", "deploy", "-p", "policies"]
    subprocess.run([*command, "--in-place"], cwd=repository, check=True)
    code, out = hook("podtailor-check")
    assert (code, "Passed" in out) == (0, True), out


def test_check_passes_files_that_are_no_manifests(hook: Hook, repository: Path) -> None:
    values = repository / "deploy" / "values.yaml"
    values.write_text("replicas: 3\n")
    git(repository, "add", "--all")
    code, out = hook("podtailor-check", "--files", "deploy/values.yaml")
    assert (code, "Passed" in out) == (0, True), out


def test_policy_tests_run_when_a_manifest_changes(hook: Hook, repository: Path) -> None:
    code, out = hook("podtailor-test", "--files", "deploy/web.yaml")
    assert (code, "Passed" in out) == (0, True), out
    manifest = repository / "deploy" / "web.yaml"
    manifest.write_text(manifest.read_text().replace("cpu: 100m, ", ""))
    code, out = hook("podtailor-test", "--files", "deploy/web.yaml")
    assert code == 1
    assert "app:requests.cpu: expected nothing, is 100m" in out
