"""`podtailor policies`: list, show, lint."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from webhook.policies.load import load_or_raise

BAD = "apiVersion: podtailor.dev/v1alpha1\nkind: ClusterWorkloadPolicy\nmetadata: {name: p}\nspec:\n  moed: Audit\n"


@pytest.fixture
def no_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """There is no kubeconfig. The start of the error about that."""
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    return f"cluster: no kubeconfig at {tmp_path / 'none'}"


def test_list(run: Run) -> None:
    lines = run("policies", "list", "--builtin", "safe").out.splitlines()
    assert lines[0].split() == ["NAME", "MODE", "PRIORITY", "TYPES", "SETS", "FROM"]
    assert [line.split()[0] for line in lines[1:]] == ["gpu", "stateful", "arm64", "general"]
    assert lines[3].split()[1:5] == [
        "Enforce",
        "0",
        "ARM64",
        "resizePolicy,nodeSelector,tolerations,resources",
    ]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (("list",), "hint: without a cluster, --builtin safe lists the policies that ship, and -p PATH those of files\n"),
        (("list", "--all"), "hint: without a cluster, --builtin safe lists the policies that ship, and -p PATH those of files\n"),
        (("list", "--from-cluster"), "hint: without a cluster, --builtin safe lists the policies that ship, and -p PATH those of files\n"),
        (("list", "--builtin", "safe", "--from-cluster"), "those of files\n"),
        (("show", "models"), "shows the one of kubectl\n"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_what_is_in_force_is_asked_of_a_cluster(
    run: Run, no_cluster: str, command: tuple[str, ...], expected: str
) -> None:
    done = run("policies", *command)
    assert (done.code, done.out) == (2, "")
    assert no_cluster in done.err
    assert done.err.endswith(expected)


@pytest.mark.usefixtures("no_cluster")
@pytest.mark.parametrize(
    "command",
    [("list", "--builtin", "safe"), ("list", "--preset", "redis"), ("show", "mongodb"), ("show", "gpu")],
    ids=" ".join,
)
def test_what_ships_is_known_without_a_cluster(run: Run, command: tuple[str, ...]) -> None:
    assert run("policies", *command).code == 0


def test_list_for_machines(run: Run) -> None:
    listed = json.loads(run("policies", "list", "--builtin", "strict", "-o", "json").out)
    assert listed[0]["from"] == "built in (strict)"


def test_shown_policy_is_one_to_change_and_apply(run: Run, tmp_path: Path) -> None:
    for name in ("gpu", "stateful", "arm64", "general"):
        (tmp_path / f"{name}.yaml").write_text(run("policies", "show", name, "--builtin", "strict").out)
    assert [policy.name for policy in load_or_raise([str(tmp_path)])] == [
        "arm64",
        "general",
        "gpu",
        "stateful",
    ]
    lines = run("policies", "list", "-p", str(tmp_path)).out.splitlines()
    assert all("built in" not in line for line in lines)


def test_show_prints_the_text_of_the_file(run: Run, tmp_path: Path) -> None:
    text = "# mine\n" + BAD.replace("moed", "mode")
    (tmp_path / "p.yaml").write_text(text)
    assert run("policies", "show", "p", "-p", str(tmp_path)).out == text


def test_show_lists_the_policies_if_the_name_is_unknown(run: Run, no_cluster: str) -> None:
    done = run("policies", "show", "gpuu")
    assert done.code == 2
    assert no_cluster in done.err
    assert done.err.startswith(
        "error: no policy 'gpuu'; known policies are amd64-only, api-server, arm64, arm64-ready,"
    )


def test_presets_are_listed_once_named_and_all_on_request(run: Run) -> None:
    assert "mongodb" not in run("policies", "list", "--builtin", "safe").out
    assert "mongodb" in run("policies", "list", "--preset", "mongodb").out
    every = json.loads(run("policies", "list", "--all", "--preset", "redis", "-o", "json").out)
    assert {"mongodb": "Off", "redis": "Enforce", "gpu": "Enforce"}.items() <= {
        each["name"]: each["mode"] for each in every
    }.items()
    assert run("policies", "show", "mongodb").out.startswith("# MongoDB.\n")


def test_unknown_preset_is_an_error(run: Run) -> None:
    done = run("mutate", "-f", "examples/gpu.yaml", "--preset", "mongo")
    assert (done.code, done.err.partition(";")[0]) == (2, "error: no preset 'mongo'")
    assert done.err.endswith("hint: did you mean mongodb?\n")


def test_cluster_policy_replaces_a_preset_of_its_name(run: Run, tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(run("policies", "show", "redis").out)
    listed = run("policies", "list", "--preset", "redis", "-p", str(tmp_path), "-o", "json")
    assert [each["from"] for each in json.loads(listed.out) if each["name"] == "redis"] == [
        f"{tmp_path}/own.yaml:2:1"
    ]


def test_lint_names_file_line_and_column(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(BAD)
    done = run("policies", "lint", str(tmp_path))
    expected = (
        f'error: {tmp_path}/bad.yaml:5:3: spec.moed: unknown field; did you mean "mode"? [invalid-policy]\n'
    )
    assert (done.code, done.out, done.err) == (2, "", expected)


def test_lint_for_machines(run: Run) -> None:
    done = run("policies", "lint", "-", "-o", "json", stdin=BAD)
    assert done.code == 2
    assert json.loads(done.out) == {
        "policies": [],
        "problems": [
            {
                "file": "<stdin>",
                "line": 5,
                "column": 3,
                "name": "invalid-policy",
                "field": "spec.moed",
                "message": 'unknown field; did you mean "mode"?',
            }
        ],
    }


def test_lint_of_good_ones(run: Run) -> None:
    done = run("policies", "lint", "-", stdin=BAD.replace("moed", "mode"))
    assert (done.code, done.out) == (0, "1 policy, no problem\n")


def test_lint_of_nothing(run: Run) -> None:
    assert run("policies", "lint", "-").code == 2
