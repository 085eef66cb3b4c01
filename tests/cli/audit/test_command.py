"""`podtailor audit` over manifests; over clusters it is tried end to end."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from webhook.audit.summary import Auditor
from webhook.documents import yaml_tree
from webhook.engine.evaluate import evaluate
from webhook.engine.snapshot import Request, Snapshot
from webhook.workloads.workload import Workload

BOUND = """
apiVersion: podtailor.dev/v1alpha1
kind: ClusterWorkloadPolicy
metadata: {name: small}
spec: {resources: {limits: [{type: Container, max: {memory: 1Gi}}]}}
"""


def test_nothing_to_look_at_is_warned_of(run: Run) -> None:
    done = run("audit", "-f", "-", stdin="{apiVersion: v1, kind: Service, metadata: {name: s}}")
    assert (done.code, done.err) == (0, "warning: -: no Pods or Pod templates found [no-pods]\n")


@pytest.mark.parametrize("output", ["table", "json", "yaml", "html", "markdown", "sarif", "junit", "github"])
@pytest.mark.parametrize("text", ["", "not: k8s", "---\n"], ids=["empty", "no object", "only a separator"])
def test_nothing_checked_is_never_green(run: Run, text: str, output: str) -> None:
    done = run("audit", "-f", "-", "-o", output, stdin=text)
    assert done.code == 2
    assert "no Kubernetes object found, so nothing was checked [no-manifests]" in done.err
    if output in ("sarif", "junit", "github"):
        assert "nothing was checked" in done.out


def test_as_if_enforced_leaves_off_off(run: Run) -> None:
    for flags in (["--mode", "off"], ["--namespace-labels", "podtailor.dev/injection=disabled"]):
        out = run("audit", "-f", "examples/general.yaml", "--what-if", "enforce", *flags).out
        assert "  skipped          1 owner" in out


def test_findings_decide_the_exit_code(run: Run, tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(BOUND)
    flags = ("audit", "-f", "examples/stateful.yaml", "-p", str(tmp_path))
    done = run(*flags)
    assert done.code == 1
    assert "postgres: maximum memory usage per Container is 1Gi, but limit is 2Gi" in done.out
    assert run(*flags, "--fail-on", "slipped-through").code == 0
    assert run(*flags, "--fail-on", "none").code == 0
    assert run("audit", "-f", "examples", "--fail-on", "would-change").code == 1


TWO_PODS = "\n---\n".join(
    f"{{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}, spec: {{containers: [{{name: app}}]}}}}"
    for name in ("odd", "good")
)


@pytest.fixture
def odd_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Pod of this name makes the engine fail, as a mistake in it would."""

    def fails(request: Request, snapshot: Snapshot) -> object:
        if request.pod.metadata and request.pod.metadata.name == "odd":
            raise OverflowError("4300 digits")
        return evaluate(request, snapshot)

    for module in ("webhook.audit.judge", "webhook.engine.explain"):
        monkeypatch.setattr(f"{module}.evaluate", fails)


@pytest.mark.usefixtures("odd_fails")
def test_object_that_cannot_be_judged_ends_nothing_and_exits_1(run: Run) -> None:
    done = run("audit", "-f", "-", "--fail-on", "none", "-o", "json", stdin=TWO_PODS)
    assert (done.code, done.err) == (
        1, "warning: Pod default/odd could not be judged: OverflowError: 4300 digits [not-judged]\n"
    )  # fmt: skip
    odd, good, last = map(json.loads, done.out.splitlines())
    assert (odd["name"], odd["finding"], odd["items"][0]["why"]) == (
        "odd", "not-judged", "OverflowError: 4300 digits"
    )  # fmt: skip
    assert (good["name"], good["finding"]) == ("good", "would-change")
    assert last["summary"]["owners"]["not-judged"] == 1
    table = run("audit", "-f", "-", "--fail-on", "none", stdin=TWO_PODS)
    assert table.code == 1
    assert "  not-judged       1 owner\n" in table.out
    assert "not-judged    default    pod/odd   OverflowError: 4300 digits  -\n" in table.out
    report = run("audit", "-f", "-", "-o", "openreports", stdin=TWO_PODS)
    assert yaml_tree.load(report.out.removeprefix("---\n"))["summary"]["error"] == 1
    assert "not-judged" in run("audit", "-f", "-", "-o", "html", stdin=TWO_PODS).out


@pytest.mark.usefixtures("odd_fails")
def test_explain_passes_over_what_cannot_be_judged_and_exits_1(run: Run) -> None:
    for flags in ([], ["-o", "json"]):
        done = run("explain", "-f", "-", *flags, stdin=TWO_PODS)
        assert (done.code, done.err) == (
            1, "warning: Pod odd could not be judged: OverflowError: 4300 digits [not-judged]\n"
        )  # fmt: skip
        assert "good" in done.out


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["-f", "nowhere.yaml"], "nowhere.yaml: No such file or directory"),
        (["-f", "-", "-p", "-"], "- is given more than once"),
        (["-f", "examples", "--fail-on", "viol"], "--fail-on viol: one of violation, slipped-through,"),
        (
            ["-f", "examples", "-l", "a=b"],
            "-l, --kinds and --publish audit a cluster: omit them with -f",
        ),
        (["--publish", "-l", "a=b"], "--publish: a Report covers a whole namespace: omit -l and --kinds"),
        (["-f", "examples", "--since", "soon"], "--since soon: write a time like 2026-01-31T12:00:00Z"),
        (["-n", "a", "-A"], "give -n or -A, not both"),
        (
            ["-f", "examples", "--controller", "Rollout=spec"],
            "--controller Rollout=spec: write it like Rollout.v1alpha1.",
        ),
        (["--kubeconfig", "nowhere"], "cluster: no kubeconfig at nowhere"),
    ],
)
def test_wrong_use_is_reported(run: Run, flags: list[str], message: str) -> None:
    done = run("audit", *flags)
    assert done.code == 2
    assert message in done.err


def test_controller_of_somebody_else_in_a_file(run: Run) -> None:
    rollout = "{apiVersion: example.com/v1, kind: Rollout, metadata: {name: web}, spec: {replicas: 4, pod: {spec: {containers: [{name: app}]}}}}"
    flag = "--controller=Rollout.v1.example.com=spec.pod"
    line, last = map(json.loads, run("audit", "-f", "-", "-o", "json", flag, stdin=rollout).out.splitlines())
    assert (line["kind"], line["finding"]) == ("Rollout", "would-change")
    assert last["summary"]["namespaces"]["default"]["pods"] == 4


def test_interrupted_it_says_what_it_has(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def twice(self: Auditor, workload: Workload) -> object:
        if next(numbers) == 2:
            raise KeyboardInterrupt
        return judge(self, workload)

    judge, numbers = Auditor.judge, count()
    monkeypatch.setattr(Auditor, "judge", twice)
    done = run("audit", "-f", "examples", "-o", "json")
    assert done.code == 130
    *lines, last = map(json.loads, done.out.splitlines())
    assert (len(lines), last["summary"]["objects"], last["summary"]["interrupted"]) == (2, 2, True)


def test_mistyped_finding_is_answered_with_the_nearest(run: Run) -> None:
    assert run("audit", "-f", "examples", "--fail-on", "viol").err.endswith("hint: did you mean violation?\n")
