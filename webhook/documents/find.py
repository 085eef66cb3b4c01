"""Find the files that a command is to read, and name what must be rendered before it can be read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from webhook.documents.problems import OnProblem, Problem, ProblemName, raise_problem
from webhook.documents.rendering import unrendered
from webhook.model.place import Place

SUFFIXES = (".yaml", ".yml", ".json")


class Inputs(Struct, frozen=True):
    """What a command is to read."""

    paths: tuple[str, ...] = ()
    """Files, directories, and `-` for standard input."""
    recursive: bool = False
    """Subdirectories too, as kubectl reads them; but no hidden ones, which hold no manifests."""
    kustomization: str = ""
    """The directory of a kustomization to render."""
    command: str = ""
    """The command that reads them, such as `podtailor audit`; empty if it has no -R."""
    of_manifests: bool = False
    """Whether it reads manifests: then charts and kustomizations must be rendered first."""

    def __bool__(self) -> bool:
        return bool(self.paths or self.kustomization)

    @property
    def are_files(self) -> bool:
        """Whether each is named by itself, as by pre-commit, which names what has changed."""
        return not self.kustomization and all(Path(path).is_file() for path in self.paths)

    @property
    def title(self) -> str:
        return ", ".join(self.paths) or self.kustomization

    @property
    def flags(self) -> tuple[str, ...]:
        """With which another command reads the same."""
        paths = tuple(flag for path in self.paths for flag in ("-f", path))
        kustomization = ("-k", self.kustomization) if self.kustomization else ()
        return (*paths, *(("-R",) if self.recursive else ()), *kustomization)


def find_files(inputs: Inputs, on_problem: OnProblem = raise_problem) -> Iterator[str]:
    """Files and `-` as given; directories as their files, by name. Each file once, whatever its path."""
    seen = set()
    for file in _each_file(inputs, on_problem):
        target = file if file == "-" else os.path.realpath(file)
        if target not in seen:
            seen.add(target)
            yield file


def _each_file(inputs: Inputs, on_problem: OnProblem) -> Iterator[str]:
    for path in inputs.paths:
        if path == "-" or not Path(path).is_dir():
            yield path
            continue
        problems: list[Problem] = []
        found = list(_files_in(Path(path), inputs, problems.append))
        if not (found or problems):
            problems.append(_empty(path, inputs))
        for problem in problems:
            on_problem(problem)
        yield from found


def _files_in(folder: Path, inputs: Inputs, on_problem: OnProblem) -> Iterator[str]:
    try:  # all of them raise in a folder that may not be entered
        entries = [(each, each.is_dir()) for each in sorted(folder.iterdir())]
        problem = unrendered(folder, inputs.command) if inputs.of_manifests else None
    except OSError as error:
        problem = Problem(ProblemName.UNREADABLE_FILE, Place(str(folder)), str(error.strerror))
    if problem:
        on_problem(problem)
        return
    for entry, is_folder in entries:
        if not is_folder:
            if entry.suffix in SUFFIXES:
                yield str(entry)
        elif inputs.recursive and not entry.name.startswith(".") and not entry.is_symlink():
            yield from _files_in(entry, inputs, on_problem)


def _empty(path: str, inputs: Inputs) -> Problem:
    message, hint = f"no {', '.join(SUFFIXES)} file in this directory", ""
    if not inputs.recursive:
        below = _files_in(Path(path), Inputs(recursive=True), lambda _: None)
        if next(below, None):
            message = f"{message}, only in its subdirectories"
            hint = f"{inputs.command} -R {path}" if inputs.command else "name the subdirectories"
    return Problem(ProblemName.NO_MANIFESTS, Place(path), message, hint=hint)
