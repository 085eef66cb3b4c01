"""`podtailor audit` over manifests; over clusters it is tried end to end."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from webhook.audit.summary import Auditor
from webhook.cli.cluster.server_args import ServerArgs, parse_server_args
from webhook.cli.common.options import parse_controllers
from webhook.cli.common.policy_options import PolicyOptions
from webhook.documents import yaml_tree
from webhook.engine.evaluate import evaluate
from webhook.engine.snapshot import Request, Snapshot
from webhook.errors import InputError
from webhook.model.names import Mode
from webhook.policies.shipped import Profile
from webhook.workloads.workload import Workload

BOUND = """
apiVersion: podtailor.dev/v1alpha1
kind: ClusterWorkloadPolicy
metadata: {name: small}
spec: {resources: {limits: [{type: Container, max: {memory: 1Gi}}]}}
"""


def test_table_counts_first_then_names(run: Run) -> None:
    done = run("audit", "-f", "examples")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == "6 owners"
    assert "  would-change     6 owners" in lines
    assert any(line.startswith("would-change   default     statefulset/orders ") for line in lines)


def test_diff_is_of_each_object(run: Run) -> None:
    out = run("audit", "-f", "examples/stateful.yaml", "--diff").out
    assert "\nStatefulSet default/orders\n" in out
    assert "\n+      memory: 1Gi\n" in out


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


def test_nothing_to_look_at_is_warned_of(run: Run) -> None:
    done = run("audit", "-f", "-", stdin="{apiVersion: v1, kind: Service, metadata: {name: s}}")
    assert (done.code, done.err) == (0, "warning: -: no Pods or Pod templates found\n")


@pytest.mark.parametrize(
    "spec",
    [
        "",
        "spec: null",
        "spec: {template: null}",
        "spec: {template: {spec: null}}",
        "spec: {template: {spec: {runtimeClassName: {a: b}}}}",
    ],
)
@pytest.mark.parametrize("command", ["audit", "mutate", "explain"])
def test_templates_without_anything_are_taken(run: Run, command: str, spec: str) -> None:
    text = f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: d}}\n{spec}\n"
    assert run(command, "-f", "-", stdin=text).code in (0, 2)


def test_as_if_enforced_leaves_off_off(run: Run) -> None:
    for flags in (["--mode", "off"], ["--namespace-labels", "podtailor.dev/injection=disabled"]):
        out = run("audit", "-f", "examples/general.yaml", "--what-if", "enforce", *flags).out
        assert "  skipped          1 owner" in out


def test_page_is_whole(run: Run) -> None:
    out = run("audit", "-f", "examples", "-o", "html").out
    assert out.startswith("<!doctype html>")
    assert out.rstrip().endswith("</html>")


def test_findings_decide_the_exit_code(run: Run, tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(BOUND)
    flags = ("audit", "-f", "examples/stateful.yaml", "-p", str(tmp_path))
    done = run(*flags)
    assert done.code == 1
    assert "small: postgres: maximum memory usage per Container is 1Gi, but limit is 2Gi" in done.out
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
        1, "warning: Pod default/odd could not be judged: OverflowError: 4300 digits\n"
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
    assert "not-judged     default     pod/odd    -      OverflowError: 4300 digits\n" in table.out
    report = run("audit", "-f", "-", "-o", "openreports", stdin=TWO_PODS)
    assert yaml_tree.load(report.out.removeprefix("---\n"))["summary"]["error"] == 1
    assert "not-judged" in run("audit", "-f", "-", "-o", "html", stdin=TWO_PODS).out


@pytest.mark.usefixtures("odd_fails")
def test_explain_passes_over_what_cannot_be_judged_and_exits_1(run: Run) -> None:
    for flags in ([], ["-o", "json"]):
        done = run("explain", "-f", "-", *flags, stdin=TWO_PODS)
        assert (done.code, done.err) == (
            1, "warning: Pod odd could not be judged: OverflowError: 4300 digits\n"
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
        (["--kubeconfig", "nowhere"], "cluster: kubeconfig nowhere"),
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


def test_template_stands_where_it_is_said() -> None:
    flags = ["Rollout.v1alpha1.argoproj.io=spec.template", "X.v1.x.io=spec.a", "X.v1.x.io=spec.*.b"]
    assert parse_controllers(flags) == {
        ("argoproj.io/v1alpha1", "Rollout"): (("spec", "template"),),
        ("x.io/v1", "X"): (("spec", "a"), ("spec", "*", "b")),
    }
    with pytest.raises(InputError, match="write it like"):
        parse_controllers(["Rollout.argoproj.io=spec.template"])


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


@pytest.mark.parametrize(
    ("arguments", "settings"),
    [
        ((), ServerArgs()),
        (("serve", "--from-cluster", "--tls-secret=own"), ServerArgs(tls_secret="own")),  # noqa: S106 (its name)
        (
            ("serve", "--mode=Audit", "--builtin", "strict", "--preset=redis", "--preset", "jvm", "--accelerator=x.y/z"),
            ServerArgs(policy_options=PolicyOptions(builtin=Profile.STRICT, preset=["redis", "jvm"], mode=Mode.AUDIT, accelerator=["x.y/z"])),
        ),
        (("serve", "--from-cluster=true", "--builtin=off"), ServerArgs()),
        (("serve", "--flag-of-another-version=1", "--builtin=off"), ServerArgs(policy_options=PolicyOptions(builtin=Profile.OFF))),
    ],
)  # fmt: skip
def test_server_is_read_from_its_arguments(arguments: tuple[str, ...], settings: ServerArgs) -> None:
    assert parse_server_args(arguments) == settings


@pytest.mark.parametrize("argument", ["--mode=perhaps", "--mode"], ids=["bad value", "no value"])
def test_arguments_that_no_server_takes_are_warned_of(
    argument: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert parse_server_args(("serve", argument)) == ServerArgs()
    assert "the arguments of the Deployment podtailor are not understood" in capsys.readouterr().err
