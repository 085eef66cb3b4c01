"""Render a kustomization with the tool that the user has."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from webhook.cli.common.terminal import warn
from webhook.documents.files import Document, parse_rendered
from webhook.documents.problems import OnProblem, Problem, ProblemName
from webhook.documents.rendering import KUSTOMIZATIONS
from webhook.model.place import Place

_TOOLS = (("kustomize", "build"), ("kubectl", "kustomize"))


def rendered(directory: str, command: str, on_problem: OnProblem) -> Iterator[Document]:
    """The documents of a kustomization. Prints what the tool warns about."""
    tool = next((each for each in _TOOLS if shutil.which(each[0])), None)
    if tool is None:
        on_problem(
            Problem(
                ProblemName.RENDERING_FAILED,
                Place(directory),
                "neither kustomize nor kubectl is on the PATH, and one of them must render it",
                hint=f"install one of them, or elsewhere: kustomize build {directory} | {command} -f -",
            )
        )
        return
    done = subprocess.run([*tool, "--", directory], capture_output=True, check=False)  # noqa: S603 (no shell)
    messages = done.stderr.decode(errors="replace").strip()
    if done.returncode:
        message = f"{' '.join(tool)} failed:\n{messages}"
        on_problem(Problem(ProblemName.RENDERING_FAILED, Place(directory), message))
        return
    for line in messages.splitlines():
        warn(f"{' '.join(tool)}: {line}", name="kustomize")
    yield from parse_rendered(_file(directory), done.stdout.decode(), on_problem)


def _file(directory: str) -> str:
    """The file that stands for a kustomization in places."""
    files = (Path(directory) / name for name in KUSTOMIZATIONS)
    return next((str(each) for each in files if each.is_file()), directory)
