"""Files keep what they are, and change together or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from webhook.documents.problems import InvalidInputError
from webhook.documents.replace import replace_files, write_file


@pytest.mark.parametrize("mode", [0o600, 0o664, 0o755])
def test_mode_and_exact_text_are_kept(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("old")
    file.chmod(mode)
    text = "\ufeffa: 1\r\nb: ü\r\n"
    replace_files({str(file): text})
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (text.encode(), mode)
    assert [each.name for each in tmp_path.iterdir()] == ["a.yaml"]


def test_a_symlink_stays_one(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    target, link = tmp_path / "base" / "a.yaml", tmp_path / "a.yaml"
    target.write_text("old")
    link.symlink_to(Path("base") / "a.yaml")
    replace_files({str(link): "new"})
    assert (link.readlink(), target.read_text()) == (Path("base") / "a.yaml", "new")


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("old")
    with file.open() as opened:
        replace_files({str(file): "new"})
        assert opened.read() == "old"


@pytest.mark.parametrize(
    ("bad", "message"),
    [("gone.yaml", "No such file or directory"), ("gone/b.yaml", "No such file"), ("/proc/version", "/proc/version: ")],
)  # fmt: skip
def test_nothing_changes_if_one_file_cannot_be_written(tmp_path: Path, bad: str, message: str) -> None:
    good = tmp_path / "a.yaml"
    good.write_text("old")
    with pytest.raises(InvalidInputError, match=message) as raised:
        replace_files({str(good): "new", str(tmp_path / bad): "new"})
    assert [each.name for each in raised.value.problems] == ["unwritable-file"]
    assert good.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["a.yaml"]


def test_a_write_protected_file_is_not_replaced(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("old")
    file.chmod(0o444)
    with pytest.raises(InvalidInputError, match=r"a\.yaml: it is write-protected"):
        replace_files({str(file): "new"})
    assert file.read_text() == "old"


def test_a_file_with_hard_links_is_not_replaced(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("old")
    (tmp_path / "b.yaml").hardlink_to(file)
    with pytest.raises(InvalidInputError, match=r"a\.yaml: it has hard links"):
        replace_files({str(file): "new"})
    assert file.read_text() == "old"


def test_a_file_that_is_new_and_one_that_exists(tmp_path: Path) -> None:
    file = tmp_path / "new.jsonl"
    for text in ("first\n", "second\n"):
        write_file(str(file), text)
        assert file.read_text() == text
    assert [each.name for each in tmp_path.iterdir()] == ["new.jsonl"]


@pytest.mark.parametrize("path", ["nowhere/new", "."])
def test_what_cannot_be_written_is_a_problem(tmp_path: Path, path: str) -> None:
    with pytest.raises(InvalidInputError) as raised:
        write_file(str(tmp_path / path), "text")
    assert [each.name for each in raised.value.problems] == ["unwritable-file"]
    assert [*tmp_path.iterdir()] == []


def test_a_device_stays_one() -> None:
    with pytest.raises(InvalidInputError, match="/dev/null: it is no file"):
        write_file("/dev/null", "text")
    assert Path("/dev/null").is_char_device()
