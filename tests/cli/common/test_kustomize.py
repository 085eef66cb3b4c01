"""A kustomization is rendered by the tool that is there; a script stands for tools only where they fail.

The real `kubectl kustomize` is tried end to end.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.conftest import Run

SCRIPT = """\
#!/bin/sh
echo "$0 $@" >> {calls}
{body}
"""
PODS = "\n---\n".join(
    f"apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: shop}}\nspec: {{containers: [{{name: app{more}}}]}}"
    for name, more in (("web", ""), ("odd", ", resources: {limits: {memory: 512MB}}"))
)


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the whole PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.fixture
def prod(tmp_path: Path) -> Path:
    folder = tmp_path / "prod"
    folder.mkdir()
    (folder / "kustomization.yaml").write_text("resources: []\n")
    return folder


def _install(tools: Path, name: str, body: str) -> None:
    script = tools / name
    script.write_text(SCRIPT.format(calls=tools / "calls", body=body))
    script.chmod(0o755)


def _prints(text: str) -> str:
    return f"/bin/cat <<'END'\n{text}\nEND"


def test_objects_are_judged_and_named_in_their_kustomization(run: Run, tools: Path, prod: Path) -> None:
    _install(tools, "kubectl", _prints(PODS))
    done = run("audit", "-k", str(prod), "-o", "json")
    file = f"{prod}/kustomization.yaml"
    line, _ = map(json.loads, done.out.splitlines())
    assert (line["name"], line["file"]) == ("web", file)
    assert not {"line", "column"} & {*line, *line["items"][0]}, "they are in no file"
    assert done.code == 2
    assert done.err.startswith(f"error: {file}: Pod odd: spec.containers[0].resources.limits.memory: ")


@pytest.mark.parametrize("output", ["sarif", "junit", "github", "markdown"])
def test_checks_name_the_file_of_the_kustomization(run: Run, tools: Path, prod: Path, output: str) -> None:
    _install(tools, "kubectl", _prints(PODS.partition("\n---\n")[0]))
    done = run("audit", "-k", str(prod), "-o", output, "--fail-on", "would-change")
    assert (done.code, done.err) == (1, "")
    assert "kustomization.yaml" in done.out
    assert not re.search(r"(line|Line|col|Column|yaml)\W*[:=]\W*0", done.out)


def test_kustomize_comes_before_kubectl(run: Run, tools: Path, prod: Path) -> None:
    for name in ("kubectl", "kustomize"):
        _install(tools, name, _prints(PODS.partition("\n---\n")[0]))
    assert run("mutate", "-k", str(prod)).code == 0
    assert (tools / "calls").read_text() == f"{tools}/kustomize build -- {prod}\n"


def test_mutate_prints_what_was_rendered(run: Run, tools: Path, prod: Path) -> None:
    _install(tools, "kubectl", _prints(PODS.partition("\n---\n")[0]))
    done = run("mutate", "-k", str(prod), "--builtin", "off")
    assert done.out == f"{PODS.partition(chr(10) + '---')[0]}\n"
    diff = run("mutate", "-k", str(prod), "--diff").out
    assert diff.startswith(f"--- {prod}/kustomization.yaml\n")


def test_what_the_tool_says_is_passed_on(run: Run, tools: Path, prod: Path) -> None:
    _install(
        tools, "kubectl", "echo '# commonLabels is deprecated' >&2\n" + _prints(PODS.partition("\n---\n")[0])
    )
    assert (
        run("explain", "-k", str(prod)).err
        == "warning: kubectl kustomize: # commonLabels is deprecated [kustomize]\n"
    )
    _install(tools, "kubectl", "echo 'no such file: a.yaml' >&2\nexit 1")
    done = run("explain", "-k", str(prod))
    assert (done.code, done.out, done.err) == (
        2, "", f"error: {prod}: kubectl kustomize failed:\nerror: no such file: a.yaml [rendering-failed]\n"
    )  # fmt: skip


@pytest.mark.usefixtures("tools")
def test_without_a_tool_the_error_says_how(run: Run, prod: Path) -> None:
    done = run("audit", "-k", str(prod))
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        f"error: {prod}: neither kustomize nor kubectl is on the PATH, and one of them must render it "
        f"[rendering-failed]\nhint: install one of them, or elsewhere: kustomize build {prod} | "
        "podtailor audit -f -\n"
    )
