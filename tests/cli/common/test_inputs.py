"""Paths as kubectl takes them, with -f or without, and told apart from objects of the cluster."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from webhook.cli.common.inputs import is_path, split_targets

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: NAME}\nspec: {containers: [{name: app}]}\n"


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        pytest.param("-", True, id="standard input"),
        pytest.param("nowhere.yaml", True, id="the name of a file, which may be missing"),
        pytest.param("deploy", True, id="a directory"),
        pytest.param("deploy/", True, id="a directory with a slash"),
        pytest.param("./pod/web", True, id="a path of two words"),
        pytest.param("other/web", True, id="a directory in one that is no kind"),
        pytest.param("pod/web.yaml", True, id="a file in a directory that is called as a kind"),
        pytest.param("pod/web", False, id="an object, even if there is such a directory"),
        pytest.param("deployments/web", False, id="an object by its plural"),
        pytest.param("nowhere", False, id="a word that is no path"),
    ],
)
def test_paths_are_told_apart_from_objects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str, expected: bool
) -> None:
    for folder in ("deploy", "pod/web", "other/web"):
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert is_path(word) is expected


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("a.yaml", "sub/b.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(POD.replace("NAME", Path(name).stem))
    return tmp_path


@pytest.mark.parametrize("command", ["audit", "explain", "mutate"])
def test_a_path_needs_no_flag(run: Run, tree: Path, command: str) -> None:
    with_flag = run(command, "-f", str(tree), "-f", "-", stdin=POD)
    without = run(command, str(tree), "-", stdin=POD)
    assert without == with_flag
    assert without.code == 0


@pytest.mark.parametrize(
    ("flags", "names"), [((), ["a"]), (("-R",), ["a", "b"]), (("--recursive",), ["a", "b"])]
)
def test_subdirectories_are_read_with_a_flag(
    run: Run, tree: Path, flags: tuple[str, ...], names: list[str]
) -> None:
    explained = json.loads(run("explain", str(tree), *flags, "-o", "json").out)
    assert [each["name"] for each in explained] == names


@pytest.mark.parametrize(
    ("words", "names", "paths"),
    [
        pytest.param(
            "deploy web", ["deploy", "web"], [], id="a name after a kind, beside a folder of that word"
        ),
        pytest.param("deploy", [], ["deploy"], id="the folder alone"),
        pytest.param("deploy a.yaml", [], ["deploy", "a.yaml"], id="the folder and a file"),
        pytest.param("web sts/db", ["web", "sts/db"], [], id="names"),
    ],
)
def test_names_and_paths_are_told_apart(
    words: str, names: list[str], paths: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "deploy").mkdir()
    monkeypatch.chdir(tmp_path)
    assert split_targets(words.split()) == (names, paths)


POLICY = "apiVersion: podtailor.dev/v1alpha1\nkind: ClusterWorkloadPolicy\nmetadata: {name: p}\nspec: {}\n"


def test_policies_in_subdirectories_are_linted_with_a_flag(run: Run, tmp_path: Path) -> None:
    (tmp_path / "team").mkdir()
    (tmp_path / "team" / "p.yaml").write_text(POLICY)
    done = run("policies", "lint", str(tmp_path))
    assert (done.code, done.err.splitlines()[-1]) == (2, f"hint: podtailor policies lint -R {tmp_path}")
    assert run("policies", "lint", "-R", str(tmp_path)).out == "1 policy, no problem\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["mutate"], "no manifests given: name files, directories, - for standard input, or -k DIR"),
        (["policies", "diff"], "no policies given: name files, directories, or - for standard input [wrong-usage]\n"),
        (["test", "--init", "t.yaml"], "no manifests given: name files, directories, or - for standard input [wrong-usage]\n"),
        (["explain"], "nothing to explain: give TYPE/NAME of a live object, a path, or -"),
        (["explain", "pod/web", "a.yaml"], "give objects of the cluster, or manifests, not both"),
        (["audit", "-k", "base", "-f", "a.yaml"], "-k renders one directory: it cannot be combined with -f, -R"),
        (["audit", "-k", "base", "a.yaml"], "-k renders one directory"),
        (["audit", "-k", "base", "-R"], "-k renders one directory"),
        (["audit", "-R"], "-R reads the subdirectories of directories: name one"),
        (["mutate", "-", "-f", "-"], "- is given more than once, and standard input can be read only once"),
    ],
)  # fmt: skip
def test_wrong_usage(run: Run, arguments: list[str], message: str) -> None:
    done = run(*arguments)
    assert done.code == 2
    assert done.err.startswith(f"error: {message}")


def test_nothing_but_errors_is_printed_if_nothing_can_be_read(run: Run) -> None:
    done = run("audit", "nowhere")
    assert (done.code, done.out) == (2, "")
    assert done.err == "error: nowhere: No such file or directory [unreadable-file]\n"
