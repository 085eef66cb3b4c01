"""`podtailor recommend --backtest`: whose sizes would have killed, and what they would have saved."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from msgspec import structs

from tests.cli.conftest import Run
from tests.cli.recommend.test_command import MANIFEST
from tests.recommend.weeks import WEEK, measured, week
from webhook.recommend.backtest import By
from webhook.usage.files import as_json
from webhook.usage.measured import ContainerOfPod, History, NamespaceHistory

GI = 2.0**30 * 1000
STEPS = WEEK.steps
CALM = History(cpu=(100.0,) * STEPS, memory=(GI / 2,) * STEPS)
LATE = structs.replace(CALM, memory=(*CALM.memory[:-10], 1.5 * GI, *CALM.memory[-9:]))
"""With a peak of a step near the end."""


@pytest.fixture
def flags(tmp_path: Path) -> tuple[str, ...]:
    (tmp_path / "web.yaml").write_text(
        MANIFEST.replace("limits: {memory: 2Gi}", "limits: {cpu: 1, memory: 2Gi}")
    )
    usage = week(measured("100m", "100m", "512Mi"))
    history = NamespaceHistory(
        namespace="shop", window=WEEK, containers={ContainerOfPod("web-a", "app"): LATE}
    )
    (tmp_path / "usage.json").write_bytes(as_json(usage, history))
    return ("recommend", "-f", str(tmp_path / "web.yaml"), "--usage", str(tmp_path / "usage.json"), "--max-shrink=100")  # fmt: skip


def test_a_guaranteed_pod_would_have_been_killed(flags: tuple[str, ...], run: Run) -> None:
    done = run(*flags, "--backtest")
    assert done.code == 0
    lines = done.out.splitlines()
    table = lines[lines.index(next(line for line in lines if "SIZES" in line)) :]
    assert [line.split("  ")[0] for line in table[1:6]] == ["deploy/web"] * 5
    assert "as it stands" in table[1]
    assert table[-1] == "deploy/web: these sizes would have killed web-a app."


def test_data_has_every_number(flags: tuple[str, ...], run: Run) -> None:
    data = json.loads(run(*flags, "--backtest", "-o", "json").out)
    (tried,) = data["backtest"]
    assert tried["owner"]["name"] == "web"
    assert (tried["learned"]["to"], tried["judged"]["from"]) == ("2026-09-14T22:01:40Z",) * 2
    kills = {each["by"]: each["kills"] for each in tried["outcomes"]}
    assert kills == {
        By.PRESENT: 0,
        By.PODTAILOR: 1,
        By.KRR_SIMPLE: 1,
        By.VPA_TARGET: 1,
        By.P95_ALONE: 0,
    }
    present, ours, *_ = tried["outcomes"]
    assert present["cpuHours"] == pytest.approx(50.42, abs=0.2)
    assert ours["cpuHours"] < present["cpuHours"] / 5


def test_without_history_nothing_is_tried(flags: tuple[str, ...], run: Run) -> None:
    Path(flags[4]).write_bytes(as_json(week(measured())))
    done = run(*flags, "--backtest")
    assert "nothing is tried on it" in done.err
    assert "SIZES" not in done.out


def test_an_owner_without_history_is_not_taken_for_tried(flags: tuple[str, ...], run: Run) -> None:
    manifest, usage = Path(flags[2]), Path(flags[4])
    manifest.write_text(f"{manifest.read_text()}---\n{MANIFEST.replace('name: web', 'name: api')}")
    assert run(*flags, "--backtest").code == 1  # nothing was measured of it
    found = json.loads(usage.read_text())
    (web,) = found["containers"]
    found["containers"].append({**{key: web[key] for key in web if key != "history"}, "pod": "api-a"})
    found["owners"]["api-a"] = {"kind": "Deployment", "name": "api"}
    usage.write_text(json.dumps(found))
    assert run(*flags).code == 0
    done = run(*flags, "--backtest")
    assert done.code == 1
    assert done.err == (
        "warning: Deployment shop/api: there is no history of its Pods: nothing is tried on it [no-usage]\n"
    )
    assert "all of shop" not in done.out


def test_other_output_has_no_backtest(flags: tuple[str, ...], run: Run) -> None:
    assert run(*flags, "--backtest", "-o", "markdown").code == 2
    assert run(*flags, "--backtest", "--write", "patch").code == 2


def test_a_rule_that_knows_too_little_changes_nothing(flags: tuple[str, ...], run: Run) -> None:
    """Of fewer than 100 points krr says nothing, and podtailor takes nothing off."""
    few = History(
        cpu=(*CALM.cpu[:99], *[math.nan] * (STEPS - 99)),
        memory=(*CALM.memory[:99], *[math.nan] * (STEPS - 99)),
    )
    history = NamespaceHistory(
        namespace="shop", window=WEEK, containers={ContainerOfPod("web-a", "app"): few}
    )
    Path(flags[4]).write_bytes(as_json(week(measured("100m", "100m", "512Mi")), history))
    lines = run(*flags, "--backtest").out.splitlines()
    assert [by for by in By if any(f"{by} (no change)" in line for line in lines)] == [
        By.PODTAILOR,
        By.KRR_SIMPLE,
    ]
