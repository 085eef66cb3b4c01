"""What a check found, before it is written in any format."""

from __future__ import annotations

from pathlib import PurePath, PurePosixPath, PureWindowsPath

import pytest

from webhook.checks.result import Level, Result, counted, findings, link_to, message_of, relative_to
from webhook.model.place import Place

RESULTS = [
    Result(rule="pass", level=Level.PASSED, object="c"),
    Result(rule="would-change", level=Level.PASSED, object="a"),
    Result(rule="would-change", level=Level.NOTE, object="a"),
    Result(rule="violation", level=Level.ERROR),
    Result(rule="would-change", level=Level.NOTE, object="b"),
    Result(rule="skipped", level=Level.SKIPPED, object="d"),
    Result(rule="conflict", level=Level.WARNING),
]


def test_findings_are_worst_first_and_otherwise_in_the_order_given() -> None:
    found = [(each.rule, each.object) for each in findings(RESULTS)]
    assert found == [("violation", ""), ("conflict", ""), ("would-change", "a"), ("would-change", "b")]


def test_sum_counts_findings_by_name_and_the_rest_by_outcome() -> None:
    assert counted(RESULTS) == "1 violation, 1 conflict, 2 would-change, 1 skipped, 1 passed"
    assert counted([]) == ""


def test_every_rule_has_a_text_and_a_link() -> None:
    assert message_of("violation").title != "violation"
    assert message_of("no-such-rule").title == "no-such-rule"
    assert link_to("violation") == "https://podtailor.dev/docs/messages.md#violation"


POSIX, WINDOWS = PurePosixPath("/src/shop"), PureWindowsPath(r"C:\src\shop")


@pytest.mark.parametrize(
    ("root", "folder", "file", "expected"),
    [
        pytest.param(POSIX, POSIX, "a.yaml", "a.yaml", id="in the root"),
        pytest.param(POSIX, POSIX, "./deploy//a.yaml", "deploy/a.yaml", id="with dots and slashes to spare"),
        pytest.param(POSIX, POSIX / "deploy", "a.yaml", "deploy/a.yaml", id="from a folder of the root"),
        pytest.param(POSIX, POSIX / "deploy", "../b/a.yaml", "b/a.yaml", id="in a neighbouring folder"),
        pytest.param(POSIX, POSIX, "/src/shop/a.yaml", "a.yaml", id="by its full path"),
        pytest.param(POSIX, POSIX, "../other/a.yaml", "/src/other/a.yaml", id="outside of the root"),
        pytest.param(POSIX, POSIX, "../../../../a.yaml", "/a.yaml", id="above everything"),
        pytest.param(POSIX, POSIX, "<stdin>", "<stdin>", id="standard input"),
        pytest.param(WINDOWS, WINDOWS, r"deploy\a.yaml", "deploy/a.yaml", id="on Windows"),
        pytest.param(WINDOWS, WINDOWS, r"D:\a.yaml", "D:/a.yaml", id="on another drive"),
    ],
)
def test_files_are_named_from_the_root_of_the_repository(
    root: PurePath, folder: PurePath, file: str, expected: str
) -> None:
    given = Result(rule="violation", level=Level.ERROR, place=Place(file, 3, 5))
    assert [each.place for each in relative_to([given], root, folder)] == [Place(expected, 3, 5)]


def test_results_of_a_cluster_have_no_place() -> None:
    assert relative_to(RESULTS, POSIX, POSIX) == RESULTS
