"""`podtailor audit --arch` over manifests; over clusters it is tried end to end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.images.test_command import FUTURE
from tests.images.test_evidence import B, read
from webhook.images.cache import write_cache
from webhook.model.image_platforms import AMD64

MANIFEST = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: pdf}
spec:
  template:
    spec:
      nodeSelector: {kubernetes.io/arch: arm64}
      containers:
      - name: app
        image: example.com/pdf:1
        resources: {requests: {cpu: 500m}}
"""


@pytest.fixture
def flags(tmp_path: Path) -> list[str]:
    (tmp_path / "pdf.yaml").write_text(MANIFEST)
    write_cache(str(tmp_path / "images.jsonl"), [read(AMD64, ref="example.com/pdf:1", digest=B, seen=FUTURE)])
    return [
        "audit",
        "-f",
        str(tmp_path / "pdf.yaml"),
        "--arch",
        "arm64",
        "--platforms",
        str(tmp_path / "images.jsonl"),
    ]


def test_wrong_arch_fails_at_the_line_of_the_image(flags: list[str], run: Run) -> None:
    done = run(*flags, "-o", "json")
    assert (done.code, done.err) == (1, "")
    record, last = map(json.loads, done.out.splitlines())
    assert record["finding"] == "wrong-arch"
    assert record["items"][0] == {
        "finding": "wrong-arch",
        "field": "app:image",
        "before": "example.com/pdf:1",
        "why": "example.com/pdf:1 has no linux/arm64, and the Pod requires arm64",
        "line": 10,
        "column": 9,
    }
    assert record["items"][1]["finding"] == "stopped-by-image"
    assert last["summary"]["platforms"]["summary"]["stoppedByOne"] == {"example.com/pdf": 1}
    assert run(*flags, "--fail-on", "violation").code == 0
    assert run(*flags, "--fail-on", "stopped-by-image").code == 1


def test_sentence(flags: list[str], run: Run) -> None:
    first = run(*flags).out.splitlines()[0]
    assert first.endswith(
        "; 0 of 1 owner would run on ARM64 (0.0 of 0.5 CPUs); 1 stopped by one container: pdf (1)."
    )


@pytest.mark.parametrize(
    "output", ["sarif", "junit", "github", "markdown", "html", "openreports", "prometheus", "yaml"]
)
def test_every_format_has_it(flags: list[str], run: Run, output: str) -> None:
    done = run(*flags, "-o", output)
    assert done.code == 1
    assert "wrong-arch" in done.out


def test_without_a_file_nothing_is_known(flags: list[str], run: Run) -> None:
    done = run(*flags[:-2])
    assert done.code == 0
    assert "arch-unknown" in done.out
    assert "wrong-arch" not in done.out


def test_without_arch_nothing_is_found(flags: list[str], run: Run) -> None:
    done = run(*flags[:3], "-o", "json")
    assert done.code == 0
    assert "arch-unknown" not in done.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--platforms", "x"], "--platforms is for --arch arm64"),
        (["--fail-on", "stopped-by-image"], "--fail-on stopped-by-image: --arch arm64 finds what is about platforms"),
        (["--arch", "arm64", "--platforms", "nowhere"], "nowhere: No such file or directory [unreadable-file]"),
        (["--arch", "s390x"], "--arch s390x: write arm64"),
    ],
)  # fmt: skip
def test_wrong_calls(flags: list[str], run: Run, arguments: list[str], message: str) -> None:
    done = run(*flags[:3], *arguments)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
