"""`podtailor images` over manifests: what is known of images is in a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.images.test_evidence import B, failed, ran, read
from webhook.images.cache import write_cache
from webhook.images.evidence import Evidence
from webhook.model.image_platforms import AMD64, ARM64

MANIFEST = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 2
  template:
    spec:
      containers:
      - {name: app, image: web, resources: {requests: {cpu: 500m}}}
      - {name: pdf, image: "example.com/pdf:1", resources: {requests: {cpu: 250m}}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: report}
spec:
  jobTemplate: {spec: {template: {spec: {containers: [{name: app, image: web}]}}}}
"""
# Its age is counted from now, so what a test knows is of a time that is never too old.
FUTURE = 253_402_300_799
WEB = read(AMD64, ARM64, ref="docker.io/library/web:latest", seen=FUTURE)
NO_PDF = read(AMD64, ref="example.com/pdf:1", digest=B, seen=FUTURE)


@pytest.fixture
def flags(tmp_path: Path) -> list[str]:
    (tmp_path / "web.yaml").write_text(MANIFEST)
    flags = ["images", "--ask", "never", "-f", str(tmp_path / "web.yaml")]
    return [*flags, "--cache", str(tmp_path / "images.jsonl")]


def _know(flags: list[str], *evidence: Evidence) -> Path:
    write_cache(flags[-1], evidence)
    return Path(flags[-1])


def test_sentence_and_table(flags: list[str], run: Run) -> None:
    file = _know(flags, WEB, NO_PDF)
    before = file.read_bytes()
    done = run(*flags)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        "1 of 2 owners would run on ARM64 (0.0 of 1.5 CPUs); 1 stopped by one container: pdf (1).",
        "IMAGE              LEVEL  BY                  USED BY",
        "example.com/pdf:1  no     index: linux/amd64  shop/deploy/web (2 Pods)",
        "web                says   index               2 owners",
    ]
    assert file.read_bytes() == before


def test_another_platform(flags: list[str], run: Run) -> None:
    _know(flags, WEB, NO_PDF)
    done = run(*flags, "--arch", "amd64")
    assert done.out.startswith("2 of 2 owners would run on AMD64 (1.5 of 1.5 CPUs).\n")


def test_without_evidence_nothing_is_known(flags: list[str], run: Run) -> None:
    done = run(*flags[:-2])
    assert done.code == 0
    assert done.out.startswith("0 of 2 owners would run on ARM64 (0.0 of 1.5 CPUs); 2 unknown.\n")
    assert "web                unknown  2 owners\n" in done.out


def test_namespace_of_manifests_that_name_none(flags: list[str], run: Run) -> None:
    data = json.loads(run(*flags[:-2], "-n", "office", "-o", "json").out)
    assert [(each["namespace"], each["name"]) for each in data["owners"]] == [
        ("office", "report"),
        ("shop", "web"),
    ]


def test_json(flags: list[str], run: Run) -> None:
    _know(flags, WEB, NO_PDF)
    done = run(*flags, "-o", "json")
    assert (done.code, done.err) == (0, "")
    data = json.loads(done.out)
    assert data["platform"] == "linux/arm64"
    assert data["summary"]["stoppedByOne"] == {"example.com/pdf": 1}
    assert [each["level"] for each in data["images"]] == ["no", "says"]


def test_markdown_for_a_pull_request(flags: list[str], run: Run) -> None:
    _know(flags, WEB, NO_PDF)
    assert run(*flags, "-o", "markdown").out.splitlines()[2:] == [
        "1 of 2 owners would run on ARM64 (0.0 of 1.5 CPUs); 1 stopped by one container: pdf (1).",
        "",
        "| IMAGE | LEVEL | BY | USED BY |",
        "|---|---|---|---|",
        "| `example.com/pdf:1` | `no` | `index: linux/amd64` | `shop/deploy/web (2 Pods)` |",
        "| `web` | `says` | `index` | `2 owners` |",
    ]


@pytest.mark.parametrize(
    ("evidence", "fail_on", "code"),
    [
        pytest.param([WEB, NO_PDF], "", 0, id="never without being asked to"),
        pytest.param([WEB, NO_PDF], "no", 1, id="no"),
        pytest.param([WEB, NO_PDF], "unknown", 0, id="nothing is unknown"),
        pytest.param([WEB], "no", 0, id="unknown is not no"),
        pytest.param([WEB, failed("example.com/pdf:1", seen=FUTURE)], "no,unknown", 1, id="not read"),
        pytest.param([WEB, ran(ref="example.com/pdf:1", digest=B, seen=FUTURE)], "no,unknown", 0, id="all run"),
    ],
)  # fmt: skip
def test_levels_that_fail(
    flags: list[str], run: Run, evidence: list[Evidence], fail_on: str, code: int
) -> None:
    _know(flags, *evidence)
    assert run(*flags, "--fail-on", fail_on).code == code


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["--fail-on", "runs"], "--fail-on runs: one of no, unknown", id="a good level"),
        pytest.param(["-A"], "-f names manifests: omit -l and -A", id="all namespaces"),
        pytest.param(["-l", "a=b"], "-f names manifests: omit -l and -A", id="labels"),
        pytest.param(["--max-age", "soon"], "write a number and s, m, h or d, as in 90d", id="no duration"),
        pytest.param([], "images.jsonl: No such file or directory [unreadable-file]", id="no cache"),
    ],
)
def test_wrong_calls(flags: list[str], run: Run, arguments: list[str], message: str) -> None:
    done = run(*flags, *arguments)
    assert (done.code, done.out) == (2, "")
    assert message in done.err


def test_a_line_that_cannot_be_used_is_an_error(flags: list[str], run: Run) -> None:
    file = _know(flags, WEB, NO_PDF)
    file.write_text(f"{file.read_text()}{{}}\n")
    done = run(*flags)
    assert (done.code, done.out) == (2, "")
    assert 'images.jsonl:3:1: "ref" is required [invalid-cache]' in done.err


def test_nothing_looked_at_is_never_green(run: Run) -> None:
    done = run("images", "-f", "-", stdin="{apiVersion: v1, kind: Service, metadata: {name: s}}")
    assert (done.code, done.out) == (2, "No workload was found.\n")
    assert "-: no workload found, so no image was looked at [no-manifests]" in done.err
