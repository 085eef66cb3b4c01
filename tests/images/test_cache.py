"""The file of evidence: what is written is read, and errors have their place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.images.test_evidence import NGINX, NOW, A, failed, ran, read
from webhook.documents.problems import InvalidInputError
from webhook.images.cache import read_cache, write_cache
from webhook.model.image_platforms import AMD64, ARM64

ALL = [failed(), ran(), read(AMD64, ARM64)]  # in the order of the file


def test_what_is_written_is_read(tmp_path: Path) -> None:
    file = tmp_path / "images.jsonl"
    write_cache(str(file), ALL)
    assert read_cache(str(file)) == ALL
    before = file.read_bytes()
    write_cache(str(file), reversed(read_cache(str(file))))
    assert file.read_bytes() == before


def test_lines_are_for_people_too(tmp_path: Path) -> None:
    write_cache(str(tmp_path / "images.jsonl"), [read(AMD64, ARM64), failed()])
    assert [json.loads(line) for line in (tmp_path / "images.jsonl").read_text().splitlines()] == [
        {"ref": NGINX, "level": "unknown", "seen": NOW, "from": "403 from docker.io"},
        {
            "ref": NGINX,
            "digest": A,
            "platforms": ["linux/amd64", "linux/arm64"],
            "level": "says",
            "seen": NOW,
            "from": "index",
        },
    ]


def test_files_are_merged_by_putting_one_after_the_other(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("a", "b")]
    write_cache(str(files[0]), [ran(), read(AMD64, seen=NOW - 9)])
    write_cache(str(files[1]), [ran(seen=NOW - 9), read(AMD64, ARM64)])
    both = tmp_path / "both"
    both.write_text("".join(each.read_text() for each in files))
    write_cache(str(both), read_cache(str(both)))
    assert read_cache(str(both)) == [ran(), read(AMD64, ARM64)]


def test_an_empty_file_and_a_new_one_have_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert read_cache(str(tmp_path / "empty")) == []
    assert read_cache(str(tmp_path / "new"), may_be_new=True) == []
    with pytest.raises(InvalidInputError, match="new: No such file"):
        read_cache(str(tmp_path / "new"))


LINE = {"ref": NGINX, "digest": A, "platforms": [ARM64], "level": "says", "seen": NOW, "from": "index"}


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        pytest.param({"ref": "nginx:1.27"}, "ref: 'nginx:1.27' is no whole reference", id="a short name"),
        pytest.param({"ref": "A B"}, "ref: 'A B' is no whole reference", id="no name"),
        pytest.param({"digest": "latest"}, "digest: 'latest' is no digest", id="no digest"),
        pytest.param({"digest": ""}, "digest: what a registry says is of a digest", id="a claim about a tag"),
        pytest.param({"platforms": [ARM64, "arm64"]}, "platforms[1]: 'arm64' is no platform", id="no system"),
        pytest.param({"platforms": ["linux/arm64/v8"]}, "platforms[0]: 'linux/arm64/v8' is no platform", id="a variant"),
        pytest.param({"platforms": []}, "platforms: an image of level says has at least one", id="an empty answer is no `no`"),
        pytest.param({"level": "unknown"}, "platforms: an image of level unknown has none", id="unknown with platforms"),
        pytest.param({"level": "no"}, "level: Invalid enum value 'no'", id="a level that follows from others"),
        pytest.param({"seen": "today"}, "seen: must be a whole number, but is a string", id="a word as time"),
        pytest.param({"seen": 10**18}, "seen: Expected `int` <= 253402300799", id="a time that no clock shows"),
        pytest.param({"form": "index"}, 'unknown field "form"', id="misspelled"),
    ],
)  # fmt: skip
def test_errors_have_line_and_field(tmp_path: Path, changes: dict[str, object], error: str) -> None:
    file = tmp_path / "images.jsonl"
    file.write_text(
        f"{json.dumps(LINE)}\n{json.dumps({**LINE, **changes})}\n{json.dumps({**LINE, 'ref': ''})}\n"
    )
    with pytest.raises(InvalidInputError) as raised:
        read_cache(str(file))
    first, last = raised.value.problems
    assert str(first).startswith(f"{file}:2:")
    assert error in str(first)
    assert (first.name, last.place.line) == ("invalid-cache", 3)


@pytest.mark.parametrize("text", ["kind: Pod\n", "[1]\n", '{"recommendations": []}', "{", '{"ref": 1} {'])
def test_another_file_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "other").write_text(text)
    with pytest.raises(InvalidInputError):
        read_cache(str(tmp_path / "other"))
