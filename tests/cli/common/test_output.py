"""The words of `-o`; no control characters for a terminal, the exact bytes for a pipe."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.cli.conftest import Run
from tests.support.terminals import in_terminal

EVIL = "\x1b]0;title\x07\x9b31m\r\x7f"
RAW = "# \r# over it\x85# and on\n"  # allowed in YAML comments
POLICY = """\
apiVersion: podtailor.dev/v1alpha1
kind: ClusterWorkloadPolicy
metadata: {name: caps, annotations: {a: "\\e]0;x\\a"}}
spec:
  resources:
    limits: [{type: Container, max: {memory: 1Gi}}]
"""
TESTS = """\
apiVersion: podtailor.dev/v1alpha1
kind: PolicyTest
policies: [policy.yaml]
tests:
- {name: "\\e]0;x\\a\\x9b31m", manifest: pod.yaml, expect: {denied: "\\e]0;x\\a"}}
"""


def _terminal(*arguments: str, cwd: Path) -> str:
    """Both streams of a command whose output is a terminal without colours."""
    code, printed = in_terminal(*arguments, cwd=cwd)
    assert code in (0, 1), printed
    return printed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    container = {"name": EVIL, "resources": {"limits": {"memory": "2Gi"}}}
    metadata = {"name": EVIL}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}}
    (tmp_path / "pod.yaml").write_bytes(f"{RAW}{json.dumps(pod)}\n".encode())
    (tmp_path / "policy.yaml").write_text(POLICY, encoding="utf-8")
    (tmp_path / "tests.yaml").write_text(TESTS, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    "arguments",
    [
        ["mutate", "-f", "pod.yaml", "-p", "policy.yaml"],
        ["mutate", "-f", "pod.yaml", "--diff"],
        ["mutate", "-f", "pod.yaml", "-o", "json"],
        ["explain", "-f", "pod.yaml", "-p", "policy.yaml"],
        ["explain", "-f", "pod.yaml", "-o", "json"],
        ["test", "tests.yaml"],
        ["test", "tests.yaml", "-o", "junit"],
        ["audit", "-f", "pod.yaml", "-p", "policy.yaml", "--diff"],
        ["audit", "-f", "pod.yaml", "-o", "json"],
        ["audit", "-f", "pod.yaml", "-o", "yaml"],
        ["audit", "-f", "pod.yaml", "-o", "html"],
        ["audit", "-f", "pod.yaml", "-o", "sarif"],
        ["audit", "-f", "pod.yaml", "-o", "github"],
        ["audit", "-f", "pod.yaml", "-o", "markdown"],
        ["policies", "show", "caps", "-p", "policy.yaml"],
    ],
    ids=" ".join,
)
def test_no_escape_sequence_reaches_a_terminal(arguments: list[str], folder: Path) -> None:
    printed = _terminal(*arguments, cwd=folder)
    assert printed.strip()
    assert not {*map(chr, (*range(9), *range(11, 32), *range(127, 160)))}.intersection(printed)


def test_a_pipe_gets_the_exact_bytes(folder: Path) -> None:
    for more in ([], ["--diff"]):
        command = [sys.executable, "-m", "webhook", "mutate", "-f", "pod.yaml", *more]
        environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=True)
        assert RAW in done.stdout.decode().replace("\n ", "\n")


DATA = ("table", "json", "yaml")
TABLES = ("table", "wide", "json", "yaml")
CHECKS = ("markdown", "sarif", "junit", "github")


@pytest.mark.parametrize(
    ("verb", "words"),
    [
        ("audit", (*TABLES, "html", *CHECKS, "openreports", "prometheus")),
        ("explain", DATA),
        ("mutate", ("yaml", "json", *CHECKS)),
        ("retrofit", DATA),
        ("test", (*DATA, *CHECKS)),
        ("version", DATA),
        ("policies lint", (*DATA, *CHECKS)),
        ("policies list", TABLES),
        ("certs show", TABLES),
        ("certs check", TABLES),
    ],
)
def test_a_wrong_format_is_answered_with_those_of_the_command(
    verb: str, words: tuple[str, ...], run: Run
) -> None:
    result = run(*verb.split(), "-o", "text")
    assert result.code == 2
    assert all(word in result.err for word in words)
    page = " ".join(run(*verb.split(), "--help").out.split())
    assert f"-o, --output {'|'.join(words)} " in page or f" One of {', '.join(words)}." in page


@pytest.mark.parametrize(
    "command",
    [
        "version",
        "explain -f examples",
        "policies lint examples/policies",
        "policies list --builtin strict --all",
        "test examples/tests/models.yaml",
    ],
)
def test_json_and_yaml_have_the_same_data(command: str, run: Run) -> None:
    as_json, as_yaml = (run(*command.split(), "-o", word) for word in ("json", "yaml"))
    assert as_json.code == as_yaml.code == 0
    assert YAML(typ="safe").load(as_yaml.out) == json.loads(as_json.out)
