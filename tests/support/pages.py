"""Commands in README and docs, with the output that the page says they have.

A console block holds commands (`$ ...`) and their output; a line `...` stands for any number of lines. A block
of another language may have its command in a comment before it. `python -m tests.support.pages` writes outputs
anew, but for those with `...` and those that need a cluster, and copies them into the translations.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

PAGES = [Path("README.md"), *sorted(Path("docs").glob("*.md"))]
# Of pages by language: what is said in words is translated, code is the same.
TRANSLATIONS = {
    Path("docs/ko/README.md"): Path("README.md"),
    Path("docs/ko/resize.md"): Path("docs/resize.md"),
}
BLOCK = re.compile(r"(?:<!-- (\$ .+?) -->\n)?```(\w+)\n(.*?)```", re.DOTALL)
# Run by tests of their own: what serves until it is stopped, and what runs this very test.
ELSEWHERE = {
    "make run": "tests/cli/serve/test_dev.py",
    "make demo": "tests/e2e/test_demo.py",
    "make test": ".ci/run",
    "make image": "tests/image/test_image.py",
}
# Not run by any test: no container engine can be had here.
NOT_RUN = ("kind ", "docker ")
# What makes a command one for a cluster.
CLUSTER = (
    "kubectl ", "helm ", "--from-cluster", "policies diff", "pod/", "audit -n", "retrofit",
    "certs check", "certs rotate", "certs show\n", "policies list\n",
)  # fmt: skip


# Sections whose commands need a real kubelet: tests/e2e/node/test_docs.py runs them.
ON_A_NODE = {(Path("docs/resize.md"), "Resize a workload")}
_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)


class Step(NamedTuple):
    page: Path
    command: str
    expected: str
    section: str = ""

    @property
    def needs_a_node(self) -> bool:
        return (self.page, self.section) in ON_A_NODE

    @property
    def needs_a_cluster(self) -> bool:
        return not self.needs_a_node and any(each in f"{self.command}\n" for each in CLUSTER)

    def fits(self, output: str) -> bool:
        parts = re.split(r"^\.\.\.\n", self.expected, flags=re.MULTILINE)
        return re.fullmatch(".*".join(map(re.escape, parts)), output, re.DOTALL) is not None


def steps() -> list[Step]:
    return [step for page in PAGES for step in _steps(page) if not step.command.startswith(NOT_RUN)]


def _steps(page: Path) -> Iterator[Step]:
    text = page.read_text()
    for match in BLOCK.finditer(text):
        command, language, body = match.groups()
        section = _section(text, match.start())
        if command:
            yield Step(page, command[2:], body, section)
        elif language == "console":
            for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
                first, _, expected = part.partition("\n")
                yield Step(page, first, expected, section)


def _section(text: str, at: int) -> str:
    """The heading of the second level above this position."""
    return next((match[1] for match in reversed([*_SECTION.finditer(text, 0, at)])), "")


def output(command: str, **environment: str) -> str:
    """What a command prints, on both streams, run with the commands of this installation."""
    variables = {**os.environ, "COLUMNS": "80", **environment}
    variables["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{variables['PATH']}"
    done = subprocess.run(
        ["/bin/bash", "-c", command],
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=1200,  # a command may wait for a real kubelet
    )
    return with_exit_code(done.stdout, done.returncode)


def with_exit_code(printed: str, code: int) -> str:
    """A command that fails prints `exit N` at the end, unless it says `error: ` itself."""
    return printed + (f"exit {code}\n" if code and not printed.startswith("error: ") else "")


def with_code_of(page: Path, translation: Path) -> str:
    """The translation with the code blocks of the page, one by one; as it is where their numbers differ."""
    own, blocks = translation.read_text(), [match[0] for match in BLOCK.finditer(page.read_text())]
    if len(BLOCK.findall(own)) != len(blocks):
        return own
    return BLOCK.sub(lambda _: blocks.pop(0), own)


def _rewritten(match: re.Match[str], page: Path) -> str:
    command, language, body = match.groups()
    if command:
        return f"<!-- {command} -->\n```{language}\n{output(command[2:])}```"
    if language != "console":
        return match[0]
    made = ""
    for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        first, _, expected = part.partition("\n")
        step = Step(page, first, expected, _section(match.string, match.start()))
        keep = (
            "...\n" in expected
            or first in ELSEWHERE
            or first.startswith(NOT_RUN)
            or "build/" in first
            or step.needs_a_cluster
            or step.needs_a_node
        )
        made += f"$ {first}\n{expected if keep else output(first)}"
    return f"```console\n{made}```"


if __name__ == "__main__":
    for written in PAGES:
        written.write_text(BLOCK.sub(partial(_rewritten, page=written), written.read_text()))
    for translation, original in TRANSLATIONS.items():
        translation.write_text(with_code_of(original, translation))
