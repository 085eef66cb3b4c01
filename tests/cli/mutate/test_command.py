"""`podtailor mutate`: what users wrote stays, comments included."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.cli.conftest import Run

DEPLOYMENT = """\
# in front
apiVersion: apps/v1
kind: Deployment   # a comment
metadata: {name: web}
spec:
  template:
    spec:
      containers:
        # the app
        - name: "app"
          image: 'web:1' # pinned
          command: [sh, -c, "a very long line that must not be folded, because its author wrote it on one line, though it has more than 80 characters"]
          resources:
            requests: {cpu: 0.5, memory: 1Gi}
            limits:
              memory: 1Gi
"""
SERVICE = "apiVersion: v1\nkind:   Service # odd spaces\nmetadata: {name:  web}\n"


def test_comments_order_quotes_and_indentation_survive(run: Run) -> None:
    done = run("mutate", "-f", "-", "--no-annotate", stdin=DEPLOYMENT)
    assert (done.code, done.err) == (0, "")
    added = """\
          resizePolicy:
            - resourceName: cpu
              restartPolicy: NotRequired
            - resourceName: memory
              restartPolicy: NotRequired
"""
    assert done.out == DEPLOYMENT + added


def test_other_objects_are_printed_unchanged(run: Run) -> None:
    stream = f"{SERVICE}---\n# nothing but a comment\n---\n{DEPLOYMENT}"
    done = run("mutate", "-f", "-", "--no-annotate", stdin=stream)
    assert done.out.startswith(f"{SERVICE}---\n# nothing but a comment\n---\n{DEPLOYMENT}")


def test_a_second_run_changes_nothing(run: Run) -> None:
    once = run("mutate", "-f", "-", stdin=DEPLOYMENT).out
    assert run("mutate", "-f", "-", stdin=once).out == once
    assert run("mutate", "-f", "-", "--diff", stdin=once).out == ""


def test_defaults_of_the_api_server_are_considered_and_not_written(run: Run) -> None:
    pod = "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: a, resources: {limits: {cpu: 1}}}]}}"
    done = run("mutate", "-f", "-", "-o", "json", "--no-annotate", stdin=pod)
    assert json.loads(done.out)["spec"]["containers"][0]["resources"] == {
        "limits": {"cpu": 1},
        "requests": {"memory": "256Mi"},
    }


def test_diff_shows_only_the_changes(run: Run) -> None:
    done = run("mutate", "-f", "examples/arm64.yaml", "--diff", "--no-annotate")
    changed = [line for line in done.out.splitlines() if line.startswith(("+", "-"))]
    assert changed[:2] == ["--- examples/arm64.yaml", "+++ examples/arm64.yaml"]
    assert "+        kubernetes.io/arch: arm64" in changed
    assert not any(line.startswith("-") for line in changed[2:])
    assert "\x1b" not in done.out, "no colour in a pipe"


def test_lists_and_several_files(run: Run, tmp_path: Path) -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "a"}]},
    }
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}}
    (tmp_path / "a.json").write_text(
        json.dumps({"apiVersion": "v1", "kind": "List", "items": [service, pod]})
    )
    (tmp_path / "b.yaml").write_text(json.dumps(pod))
    (tmp_path / "ignored.txt").write_text("no manifest")
    done = run("mutate", "-f", str(tmp_path), "-o", "json")
    first, second = json.loads(done.out)["items"]
    assert first["items"][0] == service
    assert first["items"][1]["spec"] == second["spec"] != pod["spec"]


def test_output_is_yaml_that_loads_again(run: Run) -> None:
    done = run("mutate", "-f", "examples")
    documents = list(YAML(typ="safe").load_all(done.out))
    assert [document["kind"] for document in documents] == [
        "Job",
        "DaemonSet",
        "Service",
        "Deployment",
        "StatefulSet",
        "Deployment",
        "StatefulSet",
    ]


def test_namespace_labels_select_policies(run: Run, tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(
        "apiVersion: podtailor.dev/v1alpha1\nkind: ClusterWorkloadPolicy\nmetadata: {name: p}\n"
        "spec: {match: {namespaceSelector: {matchLabels: {team: a}}}, nodeSelector: {pool: a}}\n"
    )
    flags = ["mutate", "-f", "-", "-p", str(tmp_path), "--builtin", "off", "-o", "json"]
    pod = "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: a}]}}"
    assert "nodeSelector" not in run(*flags, stdin=pod).out
    assert json.loads(run(*flags, "--namespace-labels", "x=y,team=a", stdin=pod).out)["spec"][
        "nodeSelector"
    ] == {"pool": "a"}


def test_an_alias_and_its_anchor_can_get_different_values(run: Run) -> None:
    """A change of one container must not change the other, which is an alias of it."""
    text = (
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  annotations: {podtailor.dev/skip-containers: b}\nspec:\n  containers:\n"
        "  - name: a\n    resources: &r\n      requests: {cpu: 1}\n  - name: b\n    resources: *r\n"
    )
    done = run("mutate", "-f", "-", "-o", "json", stdin=text)
    a, b = json.loads(done.out)["spec"]["containers"]
    assert (a["resources"]["requests"], b["resources"]["requests"]) == (
        {"cpu": 1, "memory": "256Mi"},
        {"cpu": 1},
    )
    a, b = YAML(typ="safe").load(run("mutate", "-f", "-", stdin=text).out)["spec"]["containers"]
    assert (a["resources"]["requests"], b["resources"]["requests"]) == (
        {"cpu": 1, "memory": "256Mi"},
        {"cpu": 1},
    )


POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: a}]}"


@pytest.mark.parametrize(
    "text", [POD, f"\ufeff{POD}\n", f"{POD}\t\n", f"{POD}\n...\n", POD.replace("\n", "\r\n")]
)
def test_a_file_begins_and_ends_as_it_did(run: Run, tmp_path: Path, text: str) -> None:
    file = tmp_path / "pod.yaml"
    file.write_bytes(text.encode())
    out = run("mutate", "-f", str(file), "--no-annotate").out
    before, after = text.split("[{name: a}]")
    assert out.startswith(before)
    assert out.endswith(after)
    assert "resizePolicy" in out


def test_files_without_a_last_newline_are_one_stream(run: Run, tmp_path: Path) -> None:
    for name, text in (("a", POD), ("b", f"\ufeff{POD}"), ("c", f"---\n{POD}")):
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    out = run("mutate", "-f", str(tmp_path), "--builtin", "off").out
    assert out == f"{POD}\n---\n{POD}\n---\n{POD}"


def test_a_diff_of_a_file_without_a_last_newline_says_so(run: Run) -> None:
    lines = run("mutate", "-f", "-", "--diff", "--no-annotate", stdin=POD).out.split("\n")
    assert lines[-5].startswith("-spec: ")
    assert lines[-4] == lines[-2] == "\\ No newline at end of file"


def test_the_last_of_duplicate_keys_is_used_with_a_warning(run: Run) -> None:
    done = run("mutate", "-f", "-", "--no-annotate", stdin=f"{POD}\nspec:\n  containers:\n  - name: b\n")
    assert done.err == (
        "warning: <stdin>:5:1: duplicate key 'spec', first set in line 4: the last one is used, as by kubectl [duplicate-key]\n"
    )
    assert done.out.startswith(f"{POD}\nspec:\n  containers:\n  - name: b\n    resizePolicy:\n")


@pytest.mark.parametrize(
    "environment", [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C"}, {"PYTHONIOENCODING": "latin-1"}]
)
@pytest.mark.parametrize("more", [[], ["--diff"], ["-o", "json"]])
def test_output_is_utf_8_wherever_it_goes(
    environment: dict[str, str], more: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "ü.yaml"
    file.write_text(f"{POD}\n# größer: \N{GRINNING FACE}\n", encoding="utf-8")
    command = [sys.executable, "-m", "webhook", "mutate", "-f", str(file), *more]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, check=True)
    assert done.stderr == b""
    assert more == ["-o", "json"] or "# größer: \N{GRINNING FACE}\n" in done.stdout.decode()


@pytest.mark.parametrize(
    ("stdin", "message"),
    [
        pytest.param("a: [1\n", "error: <stdin>:2:1: ", id="not YAML"),
        pytest.param("ok: 1\n---\n\tb: 1\n", "error: <stdin>:3:1: ", id="tab in the second document"),
        pytest.param(
            DEPLOYMENT.replace("containers:", "containers: 3 #").split("        # the app")[0],
            "error: <stdin>:8:7: spec.template.spec.containers: must be a list, but is a whole number",
            id="field of another type",
        ),
    ],
)  # fmt: skip
def test_invalid_input_is_an_error_and_nothing_is_printed(run: Run, stdin: str, message: str) -> None:
    done = run("mutate", "-f", "-", stdin=stdin)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(message)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["mutate"],
            "error: no manifests given: name files, directories, - for standard input, or -k DIR for a kustomization [wrong-usage]\n",
        ),
        (["mutate", "-f", "/dev/null/no"], "error: /dev/null/no: Not a directory [unreadable-file]\n"),
        (
            ["mutate", "-f", "-", "--namespace-labels", "x"],
            "error: --namespace-labels x: write KEY=VALUE [wrong-usage]\n",
        ),
    ],
)
def test_wrong_usage(run: Run, arguments: list[str], message: str) -> None:
    done = run(*arguments)
    assert (done.code, done.out, done.err) == (2, "", message)


def test_standard_input_is_no_file_even_if_one_has_its_name(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "<stdin>").write_text("kept")
    assert run("mutate", "-f", "-", "--in-place", stdin=DEPLOYMENT).code == 2
    assert (tmp_path / "<stdin>").read_text() == "kept"


@pytest.mark.parametrize("text", ["", "just text\n", "a: 1\n"])
def test_check_of_nothing_is_an_error(run: Run, text: str) -> None:
    """What should have written it has failed. A pipe without --check hands on what it gets."""
    done = run("mutate", "-f", "-", "--check", stdin=text)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(
        "error: -: no Kubernetes object found, so nothing was checked [no-manifests]\n"
    )
    assert run("mutate", "-f", "-", stdin=text).code == 0


def test_check_of_files_that_are_no_objects_passes(run: Run, tmp_path: Path) -> None:
    """Of a folder it is an error; but pre-commit names the files that have changed, whatever they are."""
    values = tmp_path / "values.yaml"
    values.write_text("replicas: 3\n")
    assert run("mutate", "--check", str(values)) == (0, "", "")
    assert run("mutate", "--check", str(tmp_path)).code == 2
