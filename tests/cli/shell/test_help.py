"""Every help page is one that a person can read, at any width of the terminal."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.conftest import Run, verbs

GROUPS = ("", "policies", "certs")


@pytest.mark.parametrize("verb", verbs())
@pytest.mark.parametrize("columns", ["80", "200"])
def test_pages_have_80_columns(run: Run, verb: str, columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert [line for line in run(*verb.split(), "--help").out.splitlines() if len(line) > 80] == []


@pytest.mark.parametrize("verb", verbs())
def test_pages_teach_without_the_words_of_a_library(run: Run, verb: str) -> None:
    done = run(*verb.split(), "--help")
    assert done.code == 0
    assert done.out.startswith(f"Usage: podtailor {verb}".rstrip())
    assert "\nExit codes: 0 done, or nothing found; " in done.out
    assert verb in (*GROUPS, "version") or "\n  Examples:\n" in done.out
    assert re.findall(r"<\w+>|list\[|x[<>]=|env var:|Show this message|\]\.\.\.", done.out) == []


@pytest.mark.parametrize("group", GROUPS)
def test_summaries_are_whole(run: Run, group: str) -> None:
    assert "..." not in run(*group.split(), "--help").out


@pytest.mark.parametrize("group", GROUPS)
def test_group_alone_prints_its_help(run: Run, group: str) -> None:
    done = run(*group.split())
    assert (done.code, done.err) == (0, "")
    assert done.out == run(*group.split(), "--help").out


def test_options_stand_under_headings_with_those_of_the_verb_first(run: Run) -> None:
    headings = re.findall(r"^(\w+):$", run("audit", "--help").out, re.MULTILINE)
    assert [each for each in headings if each != "Arguments"] == [
        "Options",
        "Input",
        "Output",
        "Policies",
        "Cluster",
    ]


def test_records_name_variable_and_default(run: Run) -> None:
    page = " ".join(run("audit", "--help").out.split())
    assert "--builtin safe|strict|off Built-in policies:" in page
    assert "[$PODTAILOR_BUILTIN, default safe]" in page


def test_the_first_page_says_where_to_begin_and_how_to_end(run: Run) -> None:
    page = run("--help").out
    assert "\n  Begin without a cluster:\n    podtailor audit -f my.yaml\n" in page
    assert "\n  docs/install.md#uninstall says how to uninstall podtailor.\n" in page
    assert "\n## Uninstall\n" in Path("docs/install.md").read_text(encoding="utf-8")
