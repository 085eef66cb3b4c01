"""Which files of a directory are read, and what a directory without any is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from webhook.documents.find import Inputs, find_files
from webhook.documents.problems import Problem

TREE = ("b.yaml", "a.json", "z.yml", "notes.txt", "sub/c.yaml", "sub/deep/d.yaml", ".git/e.yaml", ".f.yaml")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in TREE:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("a: 1\n")
    (tmp_path / "sub" / "link").symlink_to(tmp_path)
    return tmp_path


def _found(inputs: Inputs, tree: Path) -> list[str]:
    return [str(Path(path).relative_to(tree)) for path in find_files(inputs)]


@pytest.mark.parametrize(
    ("recursive", "names"),
    [
        pytest.param(False, [".f.yaml", "a.json", "b.yaml", "z.yml"], id="only the directory's own files"),
        pytest.param(
            True,
            [".f.yaml", "a.json", "b.yaml", "sub/c.yaml", "sub/deep/d.yaml", "z.yml"],
            id="with -R those of subdirectories, but of no hidden one, and through no symlink",
        ),
    ],
)
def test_files_by_name(tree: Path, recursive: bool, names: list[str]) -> None:
    assert _found(Inputs((str(tree),), recursive), tree) == names


def test_a_file_is_read_whatever_its_name_is_and_a_hidden_directory_if_it_is_named(tree: Path) -> None:
    named = Inputs((str(tree / "notes.txt"), str(tree / ".git")), recursive=True)
    assert _found(named, tree) == ["notes.txt", ".git/e.yaml"]


def test_a_file_is_found_once_however_it_is_named(tree: Path) -> None:
    (tree / "c.yaml").symlink_to("b.yaml")
    paths = (str(tree / "b.yaml"), str(tree), f"{tree}/./b.yaml")
    assert _found(Inputs(paths), tree) == ["b.yaml", ".f.yaml", "a.json", "z.yml"]


@pytest.mark.parametrize(
    ("inputs", "files", "words", "hint"),
    [
        pytest.param(Inputs(command="podtailor audit"), ["a.txt"], "no .yaml, .yml, .json file in this directory", "", id="nothing anywhere"),
        pytest.param(Inputs(command="podtailor audit"), ["s/t/a.yaml"], "only in its subdirectories", "podtailor audit -R FOLDER", id="subdirectories have some"),
        pytest.param(Inputs(), ["s/a.yaml"], "only in its subdirectories", "name the subdirectories", id="a command without -R"),
        pytest.param(Inputs(command="podtailor audit"), [".s/a.yaml"], "no .yaml, .yml, .json file in this directory", "", id="only hidden ones have some"),
        pytest.param(Inputs(command="podtailor audit", recursive=True), ["s/a.txt"], "no .yaml, .yml, .json file in this directory", "", id="nothing below either"),
    ],
)  # fmt: skip
def test_a_directory_without_manifests(
    tmp_path: Path, inputs: Inputs, files: list[str], words: str, hint: str
) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("a: 1\n")
    problems: list[Problem] = []
    inputs = Inputs((str(tmp_path),), inputs.recursive, command=inputs.command)
    assert list(find_files(inputs, problems.append)) == []
    (problem,) = problems
    assert problem.message.endswith(words)
    assert problem.hint == hint.replace("FOLDER", str(tmp_path))


def test_flags_read_the_same_again() -> None:
    assert Inputs(("a", "b"), recursive=True).flags == ("-f", "a", "-f", "b", "-R")
    assert Inputs(kustomization="overlay").flags == ("-k", "overlay")
    assert Inputs().flags == ()


def test_a_folder_that_may_not_be_entered_hides_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also for root, who may enter all: asking for a file in it raises, and is_file lets that through."""
    for folder in ("closed", "open"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "pod.yaml").touch()
    stat = Path.stat

    def refused(path: Path, **options: bool) -> os.stat_result:
        if path.parent.name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, **options)

    monkeypatch.setattr(Path, "stat", refused)
    problems: list[Problem] = []
    found = [*find_files(Inputs((str(tmp_path),), recursive=True, of_manifests=True), problems.append)]
    assert found == [f"{tmp_path}/open/pod.yaml"]
    assert [str(each) for each in problems] == [f"{tmp_path}/closed: Permission denied"]
