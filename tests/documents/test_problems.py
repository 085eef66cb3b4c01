"""Problems of input as data, and in one line each."""

from __future__ import annotations

from webhook.documents.problems import InvalidInputError, Problem, ProblemName
from webhook.model.place import Place


def test_an_error_has_its_problems_and_a_line_for_each() -> None:
    problems = (
        Problem(ProblemName.UNREADABLE_FILE, Place("a.yaml"), "No such file or directory"),
        Problem(ProblemName.INVALID_FIELD, Place("b.yaml", 5, 3), "required", "spec.containers"),
    )
    error = InvalidInputError(*problems)
    assert error.problems == problems
    assert str(error) == ("a.yaml: No such file or directory\nb.yaml:5:3: spec.containers: required")
