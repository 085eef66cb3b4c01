"""The audit as JSON, YAML, Reports, metrics and HTML."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from webhook.audit.summary import Auditor
from webhook.documents import yaml_tree


def test_json_is_a_line_an_object_and_the_summary_last(run: Run) -> None:
    *lines, last = map(json.loads, run("audit", "-f", "examples", "-o", "json").out.splitlines())
    assert [line["name"] for line in lines] == [
        "transcode",
        "log-agent",
        "web",
        "inference",
        "notebook",
        "orders",
    ]
    assert all(line["owner"] == {"kind": line["kind"], "name": line["name"]} for line in lines)
    assert last["summary"]["owners"]["would-change"] == 6
    assert [line["name"] for line in lines if line["withoutEffect"]] == ["log-agent"]
    assert last["summary"]["withoutEffect"] == 1
    assert last["summary"]["costsUnknown"] == "no cluster was audited"
    assert last["summary"]["interrupted"] is False


def test_yaml_is_by_owner(run: Run) -> None:
    report = yaml_tree.load(run("audit", "-f", "examples", "-o", "yaml").out)
    assert report["summary"]["workloadTypes"]["ARM64"]["after"] == {"cpu": "100m", "memory": "256Mi"}
    assert [owner["kind"] for owner in report["owners"]][-2:] == ["StatefulSet", "DaemonSet"]


def test_reports_are_documents(run: Run) -> None:
    out = run("audit", "-f", "examples", "-o", "openreports").out
    report = yaml_tree.load(out.removeprefix("---\n"))
    assert (report["kind"], report["metadata"]["namespace"], report["summary"]["warn"]) == (
        "Report",
        "default",
        6,
    )


def test_metrics_have_every_finding(run: Run) -> None:
    out = run("audit", "-f", "examples", "-o", "prometheus").out
    assert 'podtailor_audit_findings{finding="would-change"} 6.0\n' in out
    assert 'podtailor_audit_findings{finding="slipped-through"} 0.0\n' in out


def test_page_is_whole(run: Run) -> None:
    out = run("audit", "-f", "examples", "-o", "html").out
    assert out.startswith("<!doctype html>")
    assert out.rstrip().endswith("</html>")


TWO_FILES = {
    "base.yaml": "# of all\napiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: app\n",
    "prod.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: app\n"
    "    resources:\n      requests: {cpu: 2}\n",
}


def test_every_format_has_the_place_of_each_manifest(run: Run, tmp_path: Path) -> None:
    """Also of one that two files hold: overlays do."""
    for name, text in TWO_FILES.items():
        (tmp_path / name).write_text(text)
    base, prod = (str(tmp_path / name) for name in TWO_FILES)
    flags = ("audit", "-f", str(tmp_path))
    *lines, _ = map(json.loads, run(*flags, "-o", "json").out.splitlines())
    assert [(each["file"], each["line"], each["column"]) for each in lines] == [(base, 2, 1), (prod, 1, 1)]
    owners = yaml_tree.load(run(*flags, "-o", "yaml").out)["owners"]
    assert [(each["file"], each["line"]) for each in owners] == [(base, 2), (prod, 1)]
    assert f"<dd>{prod}:1:1</dd>" in run(*flags, "-o", "html").out
    report = yaml_tree.load(run(*flags, "-o", "openreports").out.removeprefix("---\n"))
    assert report["results"][1]["properties"] == {"file": prod, "line": "1", "column": "1"}


def test_each_finding_has_the_line_of_its_field_or_of_what_would_hold_it(run: Run, tmp_path: Path) -> None:
    (tmp_path / "prod.yaml").write_text(TWO_FILES["prod.yaml"])
    line, _ = map(json.loads, run("audit", "-f", str(tmp_path), "-o", "json").out.splitlines())
    assert {each["field"]: (each["line"], each["column"]) for each in line["items"]} == {
        "app:resizePolicy.cpu": (6, 5),
        "app:resizePolicy.memory": (6, 5),
        "app:requests.memory": (8, 7),
    }


@pytest.mark.parametrize("arguments", [["-o", "html"], ["--preset", "jvm"]])
def test_what_is_installed_is_read_as_utf_8_in_every_locale(arguments: list[str]) -> None:
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, "-m", "webhook", "audit", "-f", "examples/general.yaml", *arguments]
    done = subprocess.run(command, env={**os.environ, **locale}, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("output", ["sarif", "junit", "markdown", "github"])
def test_no_format_of_checks_passes_an_interrupted_audit(
    run: Run, monkeypatch: pytest.MonkeyPatch, output: str
) -> None:
    monkeypatch.setattr(Auditor, "judge", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    done = run("audit", "-f", "examples", "-o", output)
    assert (done.code, done.err) == (130, "")
    assert "the audit was interrupted" in done.out
    assert "Passed" not in done.out
    assert '"executionSuccessful": true' not in done.out
