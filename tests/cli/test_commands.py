"""The other commands: explain, policies, certs, version, help."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from webhook import __version__
from webhook.documents.files import read_file
from webhook.policies.load import load_or_raise

BAD = "apiVersion: podtailor.dev/v1alpha1\nkind: ClusterWorkloadPolicy\nmetadata: {name: p}\nspec:\n  moed: Audit\n"


@pytest.fixture
def no_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """There is no kubeconfig. The start of the error about that."""
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    return "cluster: KUBECONFIG, or ~/.kube/config: "


class TestExplain:
    def test_in_words(self, run: Run) -> None:
        done = run("explain", "-f", "examples/gpu.yaml")
        assert done.code == 0
        for line in (
            "StatefulSet default/inference  examples/gpu.yaml:2:1",
            "  is GPU: container server requests nvidia.com/gpu",
            "  is Stateful: its controller is a StatefulSet",
            "    + gpu       matches  (built in (safe))",
            "    - arm64     match.workloadTypes: the Pod is GPU, Stateful, not ARM64",
            "    server:resizePolicy.memory = RestartContainer  by gpu",
            "    pod:tolerations = nvidia.com/gpu Exists NoSchedule  by gpu",
        ):
            assert f"{line}\n" in done.out

    def test_says_what_is_left_out_and_why(self, run: Run) -> None:
        out = run("explain", "-f", "examples/general.yaml").out
        assert "    app:requests.cpu  kept: the Pod has its own value  (proposed by general)\n" in out

    def test_says_why_a_pod_is_exempt(self, run: Run) -> None:
        out = run("explain", "-f", "examples/general.yaml", "-n", "kube-system").out
        assert "exempt: excluded-namespace: Pods of kube-system run the cluster" in out

    def test_audit_shows_what_would_change(self, run: Run) -> None:
        out = run("explain", "-f", "examples/daemonset.yaml", "--mode", "audit").out
        assert "    + general   matches, audit only  (built in (safe))\n" in out
        assert "  Would set, audit only\n" in out
        assert "  Skips\n    agent:resources  daemonset: the DaemonSet controller plans" in out

    def test_conflict_has_both_values(self, run: Run, tmp_path: Path) -> None:
        policy = "apiVersion: podtailor.dev/v1alpha1\nkind: ClusterWorkloadPolicy\nmetadata: {name: NAME}\nspec: {nodeSelector: {zone: NAME}}\n"
        (tmp_path / "p.yaml").write_text(policy.replace("NAME", "a") + "---\n" + policy.replace("NAME", "b"))
        out = run("explain", "-f", "examples/general.yaml", "-p", str(tmp_path)).out
        assert "    pod:nodeSelector.zone  a (a) takes precedence over b (b)\n" in out

    def test_json_holds_the_same(self, run: Run) -> None:
        (explanation,) = json.loads(run("explain", "-f", "examples/arm64.yaml", "-o", "json").out)
        assert explanation["workloadTypes"] == [
            {"type": "ARM64", "because": "label podtailor.dev/workload-type=arm64"}
        ]
        verdicts = {verdict["name"]: verdict["clause"] for verdict in explanation["policies"]}
        assert verdicts == {
            "gpu": "match.workloadTypes",
            "stateful": "match.workloadTypes",
            "arm64": None,
            "general": "match.workloadTypes",
        }
        assert explanation["changes"][0] == {
            "policy": "arm64",
            "field": "ffmpeg:resizePolicy.cpu",
            "value": {"resourceName": "cpu", "restartPolicy": "NotRequired"},
        }
        assert all(op["path"].startswith("/spec/template/") for op in explanation["patch"])

    def test_nothing_to_explain(self, run: Run) -> None:
        done = run("explain", "-f", "-", stdin="kind: Service\n")
        assert (done.code, done.err) == (2, "error: the input has no Pods and no Pod templates\n")


class TestPolicies:
    def test_list(self, run: Run) -> None:
        lines = run("policies", "list", "--builtin", "safe").out.splitlines()
        assert lines[0].split() == ["NAME", "MODE", "PRIORITY", "TYPES", "SETS", "FROM"]
        assert [line.split()[0] for line in lines[1:]] == ["gpu", "stateful", "arm64", "general"]
        assert lines[3].split()[1:5] == [
            "Enforce",
            "0",
            "ARM64",
            "resizePolicy,nodeSelector,tolerations,resources",
        ]

    @pytest.mark.parametrize(
        ("command", "expected"),
        [
            (("list",), "; without a cluster, --builtin safe lists the policies that ship, and -p PATH those of files\n"),
            (("list", "--all"), "; without a cluster, --builtin safe lists the policies that ship, and -p PATH those of files\n"),
            (("list", "--from-cluster"), "; without a cluster, --builtin safe lists the policies that ship, and -p PATH those of files\n"),
            (("list", "--builtin", "safe", "--from-cluster"), "those of files\n"),
            (("show", "models"), ""),
        ],
        ids=" ".join,
    )  # fmt: skip
    def test_what_is_in_force_is_asked_of_a_cluster(
        self, run: Run, no_cluster: str, command: tuple[str, ...], expected: str
    ) -> None:
        done = run("policies", *command)
        assert (done.code, done.out) == (2, "")
        assert no_cluster in done.err
        assert done.err.endswith(expected)

    @pytest.mark.usefixtures("no_cluster")
    @pytest.mark.parametrize(
        "command",
        [("list", "--builtin", "safe"), ("list", "--preset", "redis"), ("show", "mongodb"), ("show", "gpu")],
        ids=" ".join,
    )
    def test_what_ships_is_known_without_a_cluster(self, run: Run, command: tuple[str, ...]) -> None:
        assert run("policies", *command).code == 0

    def test_list_for_machines(self, run: Run) -> None:
        listed = json.loads(run("policies", "list", "--builtin", "strict", "-o", "json").out)
        assert listed[0]["from"] == "built in (strict)"

    def test_shown_policy_is_one_to_change_and_apply(self, run: Run, tmp_path: Path) -> None:
        for name in ("gpu", "stateful", "arm64", "general"):
            (tmp_path / f"{name}.yaml").write_text(run("policies", "show", name, "--builtin", "strict").out)
        assert [policy.name for policy in load_or_raise([str(tmp_path)])] == [
            "arm64",
            "general",
            "gpu",
            "stateful",
        ]
        lines = run("policies", "list", "-p", str(tmp_path)).out.splitlines()
        assert all("built in" not in line for line in lines)

    def test_show_prints_the_text_of_the_file(self, run: Run, tmp_path: Path) -> None:
        text = "# mine\n" + BAD.replace("moed", "mode")
        (tmp_path / "p.yaml").write_text(text)
        assert run("policies", "show", "p", "-p", str(tmp_path)).out == text

    def test_show_lists_the_policies_if_the_name_is_unknown(self, run: Run, no_cluster: str) -> None:
        done = run("policies", "show", "gpuu")
        assert done.code == 2
        assert no_cluster in done.err
        assert done.err.startswith(
            "error: no policy 'gpuu'; known policies are api-server, arm64, comfyui-sd15,"
        )

    def test_presets_are_listed_once_named_and_all_on_request(self, run: Run) -> None:
        assert "mongodb" not in run("policies", "list", "--builtin", "safe").out
        assert "mongodb" in run("policies", "list", "--preset", "mongodb").out
        every = json.loads(run("policies", "list", "--all", "--preset", "redis", "-o", "json").out)
        assert {"mongodb": "Off", "redis": "Enforce", "gpu": "Enforce"}.items() <= {
            each["name"]: each["mode"] for each in every
        }.items()
        assert run("policies", "show", "mongodb").out.startswith("# MongoDB.\n")

    def test_unknown_preset_is_an_error(self, run: Run) -> None:
        done = run("mutate", "-f", "examples/gpu.yaml", "--preset", "mongo")
        assert (done.code, done.err.partition(";")[0]) == (2, "error: no preset 'mongo'")

    def test_cluster_policy_replaces_a_preset_of_its_name(self, run: Run, tmp_path: Path) -> None:
        (tmp_path / "own.yaml").write_text(run("policies", "show", "redis").out)
        listed = run("policies", "list", "--preset", "redis", "-p", str(tmp_path), "-o", "json")
        assert [each["from"] for each in json.loads(listed.out) if each["name"] == "redis"] == [
            f"{tmp_path}/own.yaml:2:1"
        ]

    def test_lint_names_file_line_and_column(self, run: Run, tmp_path: Path) -> None:
        (tmp_path / "bad.yaml").write_text(BAD)
        done = run("policies", "lint", str(tmp_path))
        expected = f'error: {tmp_path}/bad.yaml:5:3: spec.moed: unknown field; did you mean "mode"?\n'
        assert (done.code, done.out, done.err) == (2, "", expected)

    def test_lint_for_machines(self, run: Run) -> None:
        done = run("policies", "lint", "-", "-o", "json", stdin=BAD)
        assert done.code == 2
        assert json.loads(done.out) == {
            "policies": [],
            "problems": [
                {
                    "place": "<stdin>:5:3",
                    "field": "spec.moed",
                    "message": 'unknown field; did you mean "mode"?',
                }
            ],
        }

    def test_lint_of_good_ones(self, run: Run) -> None:
        done = run("policies", "lint", "-", stdin=BAD.replace("moed", "mode"))
        assert (done.code, done.out) == (0, "1 policy, no problem\n")

    def test_lint_of_nothing(self, run: Run) -> None:
        assert run("policies", "lint", "-").code == 2


class TestCerts:
    def test_issue_and_show(self, run: Run, tmp_path: Path) -> None:
        out = str(tmp_path / "tls")
        done = run("certs", "issue", "--out", out, "--host", "10.0.0.1", "--days", "30")
        assert (done.code, done.err) == (0, "")
        assert stat.S_IMODE((tmp_path / "tls" / "tls.key").stat().st_mode) == 0o600
        shown = run("certs", "show", f"{out}/tls.crt", f"{out}/ca.crt").out
        assert (
            f"{out}/tls.crt: certificate CN=podtailor-webhook.podtailor-system.svc\n  valid, 29 days left"
            in shown
        )
        assert "svc.cluster.local, podtailor-webhook.podtailor-system, 10.0.0.1\n" in shown
        (certificate,) = json.loads(run("certs", "show", f"{out}/ca.crt", "-o", "json").out)
        assert (certificate["isCA"], certificate["state"], certificate["subject"]) == (
            True,
            "valid",
            "CN=podtailor-ca",
        )

    def test_issue_replaces_files_only_with_force(self, run: Run, tmp_path: Path) -> None:
        run("certs", "issue", "--out", str(tmp_path))
        done = run("certs", "issue", "--out", str(tmp_path))
        assert (done.code, done.err) == (
            2,
            f"error: {tmp_path}/ca.crt exists: use another directory, or --force to replace it\n",
        )
        assert run("certs", "issue", "--out", str(tmp_path), "--force").code == 0

    def test_issue_rejects_an_invalid_name(self, run: Run, tmp_path: Path) -> None:
        done = run("certs", "issue", "--out", str(tmp_path), "--host", "bücher.example")
        assert done.code == 2
        assert "a certificate cannot have this name" in done.err

    def test_show_of_no_certificate(self, run: Run, tmp_path: Path) -> None:
        done = run("certs", "show", str(tmp_path / "no"))
        assert (done.code, done.err) == (2, f"error: {tmp_path}/no: No such file or directory\n")
        (tmp_path / "x").write_text("nonsense")
        assert run("certs", "show", str(tmp_path / "x")).err.startswith(
            f"error: {tmp_path}/x: not a PEM certificate"
        )


class TestCommandLine:
    def test_version(self, run: Run) -> None:
        assert run("version").out == f"podtailor {__version__}\n"
        assert json.loads(run("version", "-o", "json").out)["podtailor"] == __version__

    @pytest.mark.parametrize(
        "arguments",
        [
            [],
            ["serve"],
            ["mutate"],
            ["explain"],
            ["policies"],
            ["policies", "lint"],
            ["certs", "issue"],
            ["version"],
        ],
    )
    def test_every_command_has_help(self, run: Run, arguments: list[str]) -> None:
        done = run(*arguments, "--help")
        assert done.code == 0
        assert "Usage: podtailor" in done.out

    def test_help_of_serve_names_every_variable(self, run: Run) -> None:
        out = " ".join(run("serve", "--help").out.split())
        flags = ("HOST", "PORT", "HEALTH_PORT", "TLS_CERT_FILE", "TLS_PRIVATE_KEY_FILE", "CLIENT_CA_FILE", "POLICIES", "BUILTIN", "MODE", "LOG_LEVEL", "NO_ANNOTATE")  # fmt: skip
        assert [flag for flag in flags if f"PODTAILOR_{flag}" not in out] == []

    def test_misspelt_command(self, run: Run) -> None:
        done = run("mutat")
        assert done.code == 2
        assert "Did you mean 'mutate'?" in done.err

    def test_variables_set_flags(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PODTAILOR_BUILTIN", "off")
        assert len(run("policies", "list").out.splitlines()) == 1

    @pytest.mark.parametrize("name", ["podtailor", "kubectl-podtailor"])
    def test_completion_for_a_shell(self, name: str) -> None:
        script = str(Path(sys.executable).parent / name)
        environment = {**os.environ, f"_{name.upper().replace('-', '_')}_COMPLETE": "source_bash"}
        done = subprocess.run([script], env=environment, capture_output=True, text=True, check=True)
        assert f"{name}" in done.stdout
        assert "COMP_WORDS" in done.stdout

    @pytest.mark.parametrize("command", [["-m", "webhook"], ["-c", "import webhook.cli; webhook.cli.main()"]])
    def test_starts_as_a_module_and_as_a_script(self, command: list[str]) -> None:
        done = subprocess.run(
            [sys.executable, *command, "version"], capture_output=True, text=True, check=True
        )
        assert done.stdout == f"podtailor {__version__}\n"

    @pytest.mark.parametrize(
        "moment",
        ["webhook.cli", "typer", "webhook.cli.mutate", "msgspec", "ruamel.yaml", "jsonpatch", "rich.console"],
    )
    def test_ctrl_c_during_imports_prints_no_traceback(self, moment: str) -> None:
        """While it imports that module."""
        code = f"""
import os, signal, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {moment!r}:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Finder())
sys.argv = ["podtailor", "mutate", "-f", "examples"]
from webhook.__main__ import main
main()
"""
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (130, "", "")

    def test_ctrl_c_stays_ignored_if_the_parent_ignores_it(self) -> None:
        code = "import signal; from webhook import interrupt; interrupt.exit_on_ctrl_c(); print(signal.getsignal(2).name)"
        command = ["sh", "-c", f"trap '' INT; exec {sys.executable} -c '{code}'"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stdout == "SIG_IGN\n"

    def test_ctrl_c_while_a_command_reads_prints_no_traceback(self) -> None:
        code = """
import os, signal, sys
from webhook.documents import files
files.sys = type("Sys", (), {"stdin": property(lambda _: os.kill(os.getpid(), signal.SIGINT))})()
sys.argv = ["podtailor", "mutate", "-f", "-"]
from webhook.__main__ import main
main()
"""
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (130, "", "")

    @pytest.mark.parametrize("arguments", [["mutate", "-f", "examples"], ["version"]])
    def test_closed_pipe_prints_no_traceback(self, arguments: list[str]) -> None:
        """Neither while the command writes, nor when the process flushes its output at exit."""
        with subprocess.Popen(
            [sys.executable, "-m", "webhook", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as reading:
            assert reading.stdout
            assert reading.stderr
            reading.stdout.close()
            assert reading.stderr.read() == b""

    def test_version_does_not_import_what_reads_policies(self) -> None:
        code = """
import sys
sys.argv = ["podtailor", "version"]
from webhook.cli import main
try:
    main()
finally:
    print([each for each in ("ruamel.yaml", "webhook.policies", "kubernetes") if each in sys.modules])
"""
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout == f"podtailor {__version__}\n[]\n"

    def test_only_serve_imports_the_server(self) -> None:
        code = "import sys, webhook.cli; print([m for m in ('fastapi', 'uvicorn', 'kubernetes') if m in sys.modules])"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout == "[]\n"


def test_examples_can_be_read() -> None:
    assert all(read_file(str(file)) for file in sorted(Path("examples").rglob("*.yaml")))
