"""Problems of input: all are printed, and end the command with exit code 2 once the rest is done."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

from webhook.cli.common.terminal import print_problem
from webhook.documents.problems import InvalidInputError, Problem
from webhook.errors import InputError

FailFast = Annotated[
    bool, typer.Option("--fail-fast", help="Stop at the first file or object that cannot be used.")
]


class Problems:
    """Prints each problem once, as it is found. `exit_if_any` comes after everything else."""

    def __init__(self, *, fail_fast: bool = False) -> None:
        self._fail_fast = fail_fast
        self._found: dict[Problem, None] = {}

    @property
    def found(self) -> tuple[Problem, ...]:
        return tuple(self._found)

    @property
    def notes(self) -> list[str]:
        """A sentence for a report, which may go elsewhere than the errors."""
        count = len(self._found)
        errors = f"{count} errors" if count > 1 else "An error"
        return [f"{errors} of input: the files or objects concerned are not covered."] if count else []

    def add(self, problem: Problem) -> None:
        """Raises InvalidInputError with --fail-fast."""
        if self._fail_fast:
            raise InvalidInputError(problem)
        if problem not in self._found:
            self._found[problem] = None
            print_problem(problem)

    def add_all(self, problems: Iterable[Problem]) -> None:
        for problem in problems:
            self.add(problem)

    def add_error(self, error: InputError, otherwise: Problem) -> None:
        """The problems of an error; `otherwise` is what to report for one that has none."""
        self.add_all(error.problems if isinstance(error, InvalidInputError) else (otherwise,))

    def exit_if_any(self) -> None:
        if self._found:
            raise typer.Exit(2)
