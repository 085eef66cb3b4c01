"""The page of `podtailor audit --prometheus`, by what real servers have of the week."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.conftest import Run, run
from tests.e2e.usage.week import END

__all__ = ["run"]

_MANIFEST = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: shop}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec: {{containers: [{{name: app, image: web, resources: {resources}}}]}}
"""


@pytest.fixture
def flags(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """At the end of the week."""
    monkeypatch.setattr("webhook.cli.recommend.sources.time.time", lambda: END + 60)
    resources = {
        "web": "{requests: {cpu: 4, memory: 4Gi}}",
        "leaky": "{requests: {cpu: 100m, memory: 256Mi}, limits: {memory: 256Mi}}",
        "missing": "{requests: {cpu: 1}}",
    }
    file = tmp_path / "shop.yaml"
    file.write_text(
        "---\n".join(_MANIFEST.format(name=key, resources=each) for key, each in resources.items())
    )
    return ("audit", "-f", str(file), "--prometheus", url, "--cluster-label", "cluster=east")


def test_findings_are_of_what_was_measured(flags: tuple[str, ...], run: Run) -> None:
    done = run(*flags, "-o", "json")
    assert (done.code, done.err) == (0, "")
    *records, last = map(json.loads, done.out.splitlines())
    found = {each["name"]: each for each in records}
    assert found["web"]["finding"] == "oversized"
    assert found["leaky"]["finding"] == "undersized"
    assert "OOM-killed" in found["leaky"]["items"][0]["why"]
    assert {each["finding"] for each in found["missing"]["items"]} == {"would-change"}
    (note,) = last["summary"]["notes"]
    assert note.startswith("not judged by usage: 1 container not-measured (Deployment shop/missing app")


def test_page_draws_the_week_and_tries_each_rule(flags: tuple[str, ...], run: Run) -> None:
    done = run(*flags, "-o", "html")
    assert (done.code, done.err) == (0, "")
    labels = re.findall(r'role="img" aria-label="([^"]+)"', done.out)
    assert len(labels) == 4
    assert any(each.startswith("memory of app: used up to 900 MiB; request 4 GiB") for each in labels)
    assert "from 1 Jun 00:00 to 8 Jun 00:00 (UTC)" in done.out
    rules = re.findall(r'<tr><th scope="row">([^<]+)</th><td class="number">(?:<b[^>]*>)?(\d+)', done.out)
    kills = {rule: int(number) for rule, number in rules[:5]}
    assert kills["as it stands"] > 0, "it is killed each six hours"
    assert kills["podtailor"] == 0
