"""podtailor's repository as others have it, and a repository of theirs. Pages say how to use it: so do the tests."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from webhook import __version__

PAGE = Path("docs/ci.md")
POD = """\
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers:
  - name: app
    image: example.com/web:1
    resources:
      requests: {cpu: 100m, memory: 64Mi}
"""
POLICY = """\
apiVersion: podtailor.dev/v1alpha1
kind: ClusterWorkloadPolicy
metadata: {name: floor}
spec:
  resources:
    limits:
    - type: Container
      min: {memory: 128Mi}
"""
TESTS = """\
apiVersion: podtailor.dev/v1alpha1
kind: PolicyTest
policies: [../policies]
tests:
- name: requests stay
  manifest: ../deploy/web.yaml
  expect:
    fields:
      app:resizePolicy.cpu: NotRequired
      app:resizePolicy.memory: NotRequired
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.soak)


def example(comment: str) -> Any:
    """The YAML of docs/ci.md that starts with this comment."""
    (block,) = re.findall(rf"```yaml\n# {re.escape(comment)}\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return YAML(typ="safe").load(block)


def git(folder: Path, *arguments: str) -> str:
    options = ("-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", *options, *arguments],  # noqa: S607 (wherever it is)
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _commit(folder: Path) -> None:
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "first")


@pytest.fixture(scope="session")
def podtailor(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with the files of this one, committed or not, and a tag."""
    folder = tmp_path_factory.mktemp("podtailor")
    listed = git(Path.cwd(), "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    for name in filter(None, listed.split("\0")):
        if Path(name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(name, folder / name)
    _commit(folder)
    git(folder, "tag", f"v{__version__}")
    return folder


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """With a manifest that violates a policy and lacks what the built-in ones give."""
    folder = tmp_path / "shop"
    for name, text in {
        "deploy/web.yaml": POD,
        "deploy/templates/chart.yaml": "{{ if .Values.on }}\n",
        "policies/floor.yaml": POLICY,
        "tests/floor.yaml": TESTS,
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    _commit(folder)
    return folder
