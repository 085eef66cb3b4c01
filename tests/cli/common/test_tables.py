"""Tables that fit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.cli.conftest import Run
from tests.support.terminals import in_terminal
from webhook.cli.common.tables import Column, print_table, shorten

COLUMNS = (
    Column(title="NAME", cell=lambda row: row[0], enough=10),
    Column(title="MODE", cell=lambda row: row[1]),
    Column(title="SETS", cell=lambda row: row[2], drops=2),
    Column(title="FROM", cell=lambda row: row[3], drops=1),
    Column(title="SIZE", cell=lambda row: row[4], is_wide=True),
)
ROWS = [
    ("a", "Audit", "requests", "policies.yaml", "1"),
    ("very-long-name-of-a-policy", "Enforce", "", "preset", ""),
]
WHOLE = """\
NAME                        MODE     SETS      FROM
a                           Audit    requests  policies.yaml
very-long-name-of-a-policy  Enforce  -         preset
"""


@pytest.mark.parametrize(
    ("width", "table"),
    [
        pytest.param("60", WHOLE, id="leaves what fits to the last column"),
        pytest.param("", WHOLE, id="leaves a pipe without a width"),
        pytest.param("wide", WHOLE, id="leaves a width that is no number"),
        pytest.param(
            "59",
            "NAME                        MODE     SETS\n"
            "a                           Audit    requests\n"
            "very-long-name-of-a-policy  Enforce  -\n",
            id="changes the least important column first",
        ),
        pytest.param(
            "44",
            "NAME                        MODE\n"
            "a                           Audit\n"
            "very-long-name-of-a-policy  Enforce\n",
            id="changes the next column then",
        ),
        pytest.param(
            "20",
            "NAME         MODE\na            Audit\nvery-…olicy  Enforce\n",
            id="changes long cells once no column can drop",
        ),
        pytest.param(
            "1", "NAME   MODE\na      Audit\nve…cy  Enforce\n", id="leaves enough to recognize a cell"
        ),
    ],
)
def test_width(
    width: str, table: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    print_table(COLUMNS, ROWS)
    assert capsys.readouterr().out == table


def test_wide_is_whole(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    print_table(COLUMNS, ROWS, wide=True)
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["NAME", "MODE", "SETS", "FROM", "SIZE"],
        [*ROWS[0]],
        ["very-long-name-of-a-policy", "Enforce", "-", "preset", "-"],
    ]


def test_columns_without_a_cell_are_omitted(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(COLUMNS, [("a", "Off", "", "file", "")])
    assert capsys.readouterr().out.splitlines()[0].split() == ["NAME", "MODE", "FROM"]
    print_table(COLUMNS, [("a", "Off", "", "file", "")], wide=True)
    assert len(capsys.readouterr().out.splitlines()[0].split()) == len(COLUMNS)


def test_a_cell_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(COLUMNS, [("a\nb\tc", "Off", "x", "y", "")])
    assert capsys.readouterr().out.splitlines()[1] == "a b c  Off   x     y"


@pytest.mark.parametrize(
    ("text", "width", "shortened"),
    [
        ("policy", 6, "policy"),
        ("policy", 5, "po…cy"),
        ("policy", 4, "po…y"),
        ("정책이름들", 10, "정책이름들"),
        ("정책이름들", 9, "정책…름들"),
        ("정책이름들", 8, "정책… 들"),
        ("배포-web", 6, "배 …eb"),
        ("e\u0301e\u0301e\u0301e\u0301", 3, "e\u0301…e\u0301"),
    ],
)
def test_names_are_shortened_in_the_middle(text: str, width: int, shortened: str) -> None:
    assert shorten(text, width) == shortened
    assert cell_len(shortened) <= width


def test_wide_characters_are_two_cells(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    print_table(COLUMNS, [("정책", "Off", "x", "y", ""), ("name", "Off", "x", "y", "")])
    _, wide, narrow = capsys.readouterr().out.splitlines()
    assert cell_len(wide.partition("Off")[0]) == len(narrow.partition("Off")[0]) == 6
    monkeypatch.setenv("COLUMNS", "16")
    print_table(COLUMNS[:2], [("정책이름정책이름", "Off", "", "", "")])
    assert max(map(cell_len, capsys.readouterr().out.splitlines())) == 16


@pytest.fixture
def long_names(tmp_path: Path) -> Path:
    """A Deployment and a policy with the longest names there can be, and certificates in a deep folder."""
    folder = tmp_path / ("d" * 60)
    folder.mkdir()
    containers = [{"name": "c" * 63, "image": "x"}, {"name": "d" * 63, "image": "x"}]
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": containers}}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "n" * 200, "namespace": "s" * 63},
        "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template},
    }
    policy = {
        "apiVersion": "podtailor.dev/v1alpha1",
        "kind": "ClusterWorkloadPolicy",
        "metadata": {"name": "p" * 63},
        "spec": {
            "match": {"workloadTypes": ["GPU", "Stateful", "ARM64", "General"]},
            "resizePolicy": {"cpu": "RestartContainer"},
            "nodeSelector": {"zone": "a"},
            "tolerations": [{"operator": "Exists"}],
        },
    }
    (folder / "deployment.yaml").write_text(json.dumps(deployment), encoding="utf-8")
    (folder / "policy.yaml").write_text(json.dumps(policy), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "command",
    [
        "audit -f {}/deployment.yaml -p {}/policy.yaml",
        "policies list -p {}/policy.yaml --builtin safe --all",
        "certs show {}/ca.crt {}/tls.crt",
    ],
)
@pytest.mark.parametrize("width", ["60", "80", "132"])
def test_no_line_is_longer_than_the_terminal(
    command: str, width: str, long_names: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("certs", "issue", "--out", str(long_names)).code == 0
    words = command.replace("{}", str(long_names)).split()
    whole = run(*words, "-o", "wide").out.splitlines()
    monkeypatch.setenv("COLUMNS", width)
    done = run(*words)
    assert done.code == 0, done.err
    assert max(map(cell_len, done.out.splitlines())) <= int(width)
    assert done.out.splitlines() != whole
    assert run(*words, "-o", "wide").out.splitlines() == whole
    assert not any("…" in line for line in whole)


@pytest.mark.parametrize(
    ("width", "titles"), [(80, "NAME MODE TYPES SETS"), (120, "NAME MODE PRIORITY TYPES SETS FROM")]
)
def test_a_terminal_has_its_own_width(width: int, titles: str) -> None:
    code, printed = in_terminal(
        "policies", "list", "--builtin", "safe", width=width, variables={"TERM": "xterm", "NO_COLOR": "1"}
    )
    assert code == 0
    first, *rows = printed.splitlines()
    assert first.split() == titles.split()
    assert max(map(len, rows)) <= width


@pytest.mark.parametrize("wide", [False, True])
def test_no_rows_print_nothing(capsys: pytest.CaptureFixture[str], *, wide: bool) -> None:
    print_table(COLUMNS, [], wide=wide)
    assert capsys.readouterr().out == ""
