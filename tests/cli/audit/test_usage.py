"""`podtailor audit --usage`: owners that request too much or too little, from files; clusters end to end."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Run
from tests.cli.recommend.test_beside import V2
from tests.cli.recommend.test_command import MANIFEST, Files
from tests.recommend.weeks import WEEK, measured, week
from webhook.cli.audit.usage import Measuring
from webhook.cli.common.prometheus import PrometheusOptions
from webhook.usage.files import as_json
from webhook.usage.measured import ContainerOfPod, History, NamespaceHistory


@pytest.fixture
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return Files(tmp_path_factory.mktemp("usage"))


def _flags(files: Files) -> tuple[str, ...]:
    return ("audit", "-f", str(files.manifest), "--usage", str(files.usage))


def test_each_value_is_a_finding_with_its_reason_and_line(files: Files, run: Run) -> None:
    done = run(*_flags(files), "-o", "json")
    assert (done.code, done.err) == (0, "")
    record, last = map(json.loads, done.out.splitlines())
    assert record["finding"] == "oversized"
    first, second, *others = record["items"]
    assert first == {
        "finding": "oversized",
        "field": "app:requests.cpu",
        "before": "1",
        "after": "240m",
        "why": "P95 208m of web-a, and 15 %",
        "line": 14,
        "column": 22,
    }
    assert MANIFEST.splitlines()[13][21:].startswith("cpu: 1}")
    assert (second["field"], second["before"], second["after"]) == ("app:requests.memory", "2Gi", "1040Mi")
    assert (second["line"], second["column"]) == (14, 11), "of its parent: the limit is the request too"
    assert {each["finding"] for each in others} == {"would-change"}
    assert (last["summary"]["notes"], last["summary"]["owners"]["oversized"]) == ([], 1)


def test_table_says_what_is_and_what_is_needed(files: Files, run: Run) -> None:
    files.measured(week(measured("208m", "400m", "1700Mi")))
    files.manifest.write_text(MANIFEST.replace("{cpu: 1}", "{cpu: 1, memory: 2Gi}"))
    out = run(*_flags(files)).out
    assert "  oversized        1 owner\n" in out
    row = next(line for line in out.splitlines() if line.startswith("oversized  "))
    assert "app cpu 1 -> 240m" in row


@pytest.mark.parametrize("output", ["sarif", "junit", "github", "markdown"])
def test_pipelines_show_it_and_fail_if_they_are_to(files: Files, run: Run, output: str) -> None:
    done = run(*_flags(files), "-o", output)
    assert done.code == 0
    assert "app:requests.cpu is 1, needs 240m: P95 208m of web-a" in done.out
    assert run(*_flags(files), "-o", output, "--fail-on", "oversized").code == 1


@pytest.mark.parametrize("output", ["openreports", "prometheus", "html", "yaml"])
def test_other_reports_have_it(files: Files, run: Run, output: str) -> None:
    assert "oversized" in run(*_flags(files), "-o", output).out


def test_the_page_has_plots_and_trials_if_there_is_a_history(files: Files, run: Run) -> None:
    assert "Nothing is tried on the past" in run(*_flags(files), "-o", "html").out
    past = History(cpu=(208.0,) * WEEK.steps, memory=(900 * 2.0**20 * 1000,) * WEEK.steps)
    history = NamespaceHistory(
        namespace="shop", window=WEEK, containers={ContainerOfPod("web-a", "app"): past}
    )
    files.usage.write_bytes(as_json(week(measured("208m", "208m", "900Mi")), history))
    done = run(*_flags(files), "-o", "html")
    assert (done.code, done.err) == (0, "")
    assert done.out.count('role="img"') == 2
    assert "CPU of app: used up to 0.208 CPU; request 1 CPU, needed request 0.24 CPU" in done.out
    assert "krr simple" in done.out


def test_what_is_not_known_is_no_finding_and_one_line(files: Files, run: Run) -> None:
    files.measured(week())
    line = "not judged by usage: 1 container not-measured (Deployment shop/web app: nothing was measured)"
    done = run(*_flags(files))
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"{line}\n")
    assert "sized  " not in done.out
    done = run(*_flags(files), "-o", "sarif")
    assert done.err == f"warning: {line} [unsure-usage]\n"


def test_a_manifest_that_cannot_be_sized_is_judged_all_the_same(files: Files, run: Run) -> None:
    files.manifest.write_text(MANIFEST.replace("image: web", "image: web\n        args: [1]"))
    done = run(*_flags(files))
    assert done.code == 0
    assert "not judged by usage: Deployment shop/web: Expected `str`, got `int`" in done.out
    assert "would-change" in done.out


def test_what_stands_beside_a_workload_decides_as_for_recommend(files: Files, run: Run) -> None:
    files.manifest.write_text(f"{MANIFEST}---\n{V2}")
    record = json.loads(run(*_flags(files), "-o", "json").out.splitlines()[0])
    sizes = {each["field"] for each in record["items"] if each["finding"] == "oversized"}
    assert sizes == {"app:requests.memory"}
    files.manifest.write_text(f"{MANIFEST}---\n{V2.replace('maxReplicas: 9', 'maxReplicas: many')}")
    done = run(*_flags(files))
    assert done.code == 0
    assert "not judged by usage: " in done.out
    assert "HorizontalPodAutoscaler: " in done.out
    assert "oversized  " in done.out


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--usage", "a.json", "--prometheus", "http://localhost:1"], "--prometheus and --usage are two sources of usage: name one"),
        (["--header", "a:b"], "are for --prometheus"),
        (["--fail-on", "oversized"], "--fail-on oversized and undersized need usage: give --prometheus or --usage"),
        (["--usage", "nowhere.json"], "nowhere.json: No such file or directory"),
    ],
)  # fmt: skip
def test_wrong_use_is_reported(run: Run, flags: list[str], message: str) -> None:
    done = run("audit", "-f", "examples", *flags)
    assert done.code == 2
    assert message in done.err


def test_commands_of_a_page_have_no_passwords() -> None:
    options = PrometheusOptions(
        url="https://me:secret@localhost:9090/select/0?a=b",
        headers=["X-Api-Key: secret"],
        bearer_file="token",
        cluster_label="cluster=east",
    )
    assert Measuring(options, "", with_report=False).flags == (
        "--prometheus=https://localhost:9090/select/0?a=b",
        "--bearer-file=token",
        "--cluster-label=cluster=east",
    )
