"""Files are written only if they change, and as a whole; what was written passes the check."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cli.conftest import Run
from tests.support.examples import examples
from tests.support.strategies import FEW, pods
from webhook.cli.common.manifests import find_manifests
from webhook.cli.common.policy_options import PolicyOptions, snapshot_from
from webhook.cli.mutate.tailored import files_of, tailored
from webhook.documents import yaml_dump
from webhook.documents.files import read_file
from webhook.policies.shipped import Profile

POD = "# ours\r\napiVersion: v1\r\nkind: Pod\r\nmetadata: {name: web}\r\nspec:\r\n  containers:\r\n  - name: app # ü\r\n"
DONE = "kind: Service\napiVersion: v1\nmetadata:   {name: s}\n"
ADDED = (
    "    resizePolicy:\r\n    - resourceName: cpu\r\n      restartPolicy: NotRequired\r\n"
    "    - resourceName: memory\r\n      restartPolicy: NotRequired\r\n"
    "    resources:\r\n      requests:\r\n        cpu: 100m\r\n        memory: 256Mi\r\n"
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "a.yaml").write_bytes(POD.encode())
    (tmp_path / "b.yaml").write_text(DONE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_check_fails_with_the_diff_and_writes_nothing(run: Run, folder: Path) -> None:
    done = run("mutate", "-f", ".", "--check")
    assert (done.code, done.err) == (
        1,
        "hint: 1 file would change; --in-place instead of --check writes it\n",
    )
    assert done.out.startswith("--- a.yaml\n+++ a.yaml\n")
    assert "+        memory: 256Mi\r\n" in done.out
    assert (folder / "a.yaml").read_bytes() == POD.encode()


def test_in_place_writes_only_what_changes_and_then_the_check_passes(run: Run, folder: Path) -> None:
    before = _written(folder / "b.yaml")
    done = run("mutate", "-f", ".", "--in-place")
    assert (done.code, done.out, done.err) == (0, "a.yaml: 4 changes\n1 of 2 files written\n", "")
    assert (folder / "a.yaml").read_bytes().decode() == POD + ADDED
    assert _written(folder / "b.yaml") == before
    assert run("mutate", "-f", ".", "--check") == (0, "", "")
    assert run("mutate", "-f", ".", "--in-place") == (0, "0 of 2 files written\n", "")


def _written(file: Path) -> tuple[int, int]:
    """Which file it is, and when it was written."""
    return file.stat().st_ino, file.stat().st_mtime_ns


def test_a_file_that_is_given_twice_is_one(run: Run, folder: Path) -> None:
    done = run("mutate", "-f", "a.yaml", "-f", "a.yaml", "--in-place")
    assert done.out.endswith("1 of 1 file written\n")
    assert (folder / "a.yaml").read_bytes().decode() == POD + ADDED


def test_nothing_is_written_if_one_file_cannot_be_used(run: Run, folder: Path) -> None:
    (folder / "c.yaml").write_text("a: [\n")
    done = run("mutate", "-f", ".", "--in-place")
    assert (done.code, done.out) == (2, "")
    assert "c.yaml:2:1" in done.err
    assert (folder / "a.yaml").read_bytes() == POD.encode()
    check = run("mutate", "-f", ".", "--check")
    assert check.code == 2
    assert check.out.startswith("--- a.yaml\n"), "the files that can be used are checked all the same"


def test_json_grows_inside_its_braces(run: Run, folder: Path) -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "a"}]},
    }
    (folder / "p.json").write_text(json.dumps(pod))
    assert run("mutate", "-f", "p.json", "--in-place").code == 0
    written = json.loads((folder / "p.json").read_text())
    assert written["spec"]["containers"][0]["resources"]["requests"]["cpu"] == "100m"
    assert run("mutate", "-f", "p.json", "--check").code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["-f", "-", "--in-place"],
            "<stdin>: --in-place writes manifests into their files, and these are in none",
        ),
        (["-f", ".", "--in-place", "--check"], "--in-place writes files, --diff and --check do not"),
        (["-f", ".", "--in-place", "-o", "json"], "keep the text of files: omit -o json"),
        (["-f", ".", "-o", "sarif"], "-o sarif is for --check"),
    ],
)
def test_wrong_combinations(run: Run, folder: Path, arguments: list[str], message: str) -> None:
    done = run("mutate", *arguments, stdin=POD)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert (folder / "a.yaml").read_bytes() == POD.encode()


def test_a_kustomization_is_not_replaced_by_what_it_renders(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kustomization = folder / "kustomization.yaml"
    kustomization.write_text("resources: [a.yaml]\n")
    tool = folder / "bin" / "kustomize"
    tool.parent.mkdir()
    tool.write_text(f"#!/bin/sh\n/bin/cat {folder}/a.yaml\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tool.parent))
    done = run("mutate", "-k", ".", "--in-place")
    assert (done.code, done.out) == (2, "")
    assert "kustomization.yaml: --in-place writes manifests into their files" in done.err
    assert kustomization.read_text() == "resources: [a.yaml]\n"
    assert run("mutate", "-k", ".", "--check").code == 1


def test_standard_input_can_be_checked(run: Run) -> None:
    assert run("mutate", "-f", "-", "--check", stdin=POD).code == 1
    assert run("mutate", "-f", "-", "--check", stdin=POD + ADDED) == (0, "", "")


@pytest.mark.usefixtures("folder")
def test_a_check_is_shown_on_the_lines_that_would_change(run: Run) -> None:
    done = run("mutate", "-f", ".", "--check", "-o", "github")
    first, last = done.out.splitlines()
    assert first.startswith(
        "::error file=a.yaml,line=7,col=5,title=podtailor%3A would-change::Pod default/web: "
    )
    assert first.endswith("general: app:requests.cpu 100m, app:requests.memory 256Mi")
    assert (done.code, last) == (1, "podtailor: 1 would-change")
    root = ET.fromstring(run("mutate", "-f", ".", "--check", "-o", "junit").out)  # noqa: S314 (ours)
    assert [case.get("name") for case in root.iter("testcase")] == ["Pod default/web"]
    assert "\n+        memory: 256Mi\n" in run("mutate", "-f", ".", "--check", "-o", "markdown").out


DENY = """\
apiVersion: podtailor.dev/v1alpha1
kind: ClusterWorkloadPolicy
metadata: {name: must}
spec:
  resources: {onViolation: Deny, limits: [{type: Container, max: {cpu: 1m}}]}
"""


def test_a_pod_that_would_be_refused_fails_the_check(run: Run, folder: Path) -> None:
    (folder / "policy").write_text(DENY)
    (folder / "a.yaml").write_text(
        POD.replace("app", "app, resources: {requests: {cpu: 1}}")
        .replace("- name: app", "- {name: app")
        .replace(" # ü", "}")
    )
    done = run("mutate", "-f", "a.yaml", "-p", "policy", "--builtin", "off", "--check", "-o", "github")
    assert done.code == 1
    assert (
        "title=podtailor%3A violation::Pod default/web: podtailor: policy must: container app: " in done.out
    )
    assert done.out.endswith("podtailor: 1 violation\n")


def test_files_have_no_record_of_what_admission_did(run: Run, folder: Path) -> None:
    run("mutate", "-f", ".", "--in-place")
    assert "podtailor.dev/applied" not in (folder / "a.yaml").read_text()


@given(st.lists(pods(FEW), min_size=1, max_size=3), st.sampled_from([Profile.SAFE, Profile.STRICT]))
@examples(60)
def test_what_was_written_needs_no_change(
    tmp_path_factory: pytest.TempPathFactory, objects: list[dict[str, Any]], builtin: Profile
) -> None:
    for each in objects:  # ruamel.yaml is slow
        (each["metadata"].get("annotations") or {}).pop("huge", None)
        del each["spec"]["containers"][4:]
    file = tmp_path_factory.mktemp("files") / "pods.yaml"
    file.write_text("---\n".join(map(yaml_dump.dump, objects)))
    snapshot = snapshot_from(PolicyOptions(builtin=builtin, annotate=False))
    for is_second in (False, True):
        found = [tailored(each, find_manifests(each), snapshot, "default") for each in read_file(str(file))]
        (written,) = files_of(found)
        assert not (is_second and written.changes)
        file.write_text(written.after)
