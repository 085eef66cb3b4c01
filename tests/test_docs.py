"""Every command of the README is run, and prints what the README says.

A console block holds commands (`$ ...`) and their output; a line `...` stands for any number of lines. A block
of another language may have its command in a comment before it. `python -m tests.test_docs` writes the
outputs anew, but for those with `...`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from webhook.files import read
from webhook.policies.load import load_all

PAGES = [Path("README.md")]
_BLOCK = re.compile(r"(?:<!-- (\$ .+?) -->\n)?```(\w+)\n(.*?)```", re.DOTALL)
# Run by tests of their own: what serves until it is stopped, and what runs this very test.
ELSEWHERE = {"make run": "tests/cli/test_dev.py", "make test": ".ci/run"}


class Step(NamedTuple):
    page: Path
    command: str
    expected: str


def _steps(page: Path) -> Iterator[Step]:
    for command, language, body in _BLOCK.findall(page.read_text()):
        if command:
            yield Step(page, command[2:], body)
        elif language == "console":
            for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
                first, _, expected = part.partition("\n")
                yield Step(page, first, expected)


def _output(command: str) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["/bin/bash", "-c", command],
        env={**os.environ, "PATH": path, "COLUMNS": "80"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout


STEPS = [step for page in PAGES for step in _steps(page)]


@pytest.mark.parametrize("step", STEPS, ids=[f"{step.page.stem}: {step.command}" for step in STEPS])
def test_command_prints_what_the_page_says(step: Step, tmp_path: Path) -> None:
    if step.command in ELSEWHERE:
        assert step.command in Path(ELSEWHERE[step.command]).read_text()
        return
    command = step.command.replace("build/", f"{tmp_path}/")
    output = _output(command).replace(f"{tmp_path}/", "build/")
    parts = re.split(r"^\.\.\.\n", step.expected, flags=re.MULTILINE)
    assert re.fullmatch(".*".join(map(re.escape, parts)), output, re.DOTALL), output


def test_policies_of_pages_are_valid(tmp_path: Path) -> None:
    found = 0
    for page in PAGES:
        for _, language, body in _BLOCK.findall(page.read_text()):
            if language == "yaml" and "podtailor.dev/v1alpha1" in body:
                (tmp_path / f"{found}.yaml").write_text(body)
                assert load_all([str(tmp_path / f"{found}.yaml")])
                found += 1
    assert found


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            assert target.startswith("https://") or (page.parent / target).exists(), target


def test_kubernetes_manifests_of_examples_are_documents() -> None:
    for file in sorted(Path("examples").rglob("*.yaml")):
        assert all(document.data["apiVersion"] for document in read(str(file)))


def _rewritten(match: re.Match[str]) -> str:
    command, language, body = match.groups()
    if command:
        return f"<!-- {command} -->\n```{language}\n{_output(command[2:])}```"
    if language != "console":
        return match[0]
    made = ""
    for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        first, _, expected = part.partition("\n")
        keep = "...\n" in expected or first in ELSEWHERE or "build/" in first
        made += f"$ {first}\n{expected if keep else _output(first)}"
    return f"```console\n{made}```"


if __name__ == "__main__":
    for written in PAGES:
        written.write_text(_BLOCK.sub(_rewritten, written.read_text()))
