"""The audit as JSON, YAML, Reports, metrics and HTML."""

from __future__ import annotations

import json

from tests.cli.conftest import Run
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
    assert last["summary"]["costsUnknown"] == "no cluster was audited"
    assert last["summary"]["interrupted"] is False


def test_yaml_is_by_owner(run: Run) -> None:
    report = yaml_tree.load(run("audit", "-f", "examples", "-o", "yaml").out)
    assert report["summary"]["workloadTypes"]["ARM64"]["after"] == {"cpu": "100m", "memory": "256Mi"}
    assert [owner["kind"] for owner in report["owners"]][:2] == ["DaemonSet", "Deployment"]


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
