"""Files are named from the root of the repository, in every format and from every folder."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.cli.conftest import Run

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: app\n    image: web:1\n"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy" / "a b.yaml").write_text(POD)
    monkeypatch.chdir(tmp_path / "deploy")
    return tmp_path


def test_annotations_name_the_file_from_the_root(run: Run, repository: Path) -> None:
    done = run("audit", "-f", "a b.yaml", "-o", "github")
    assert repository != Path.cwd()
    first, last = done.out.splitlines()
    assert first == (
        "::notice file=deploy/a b.yaml,line=6,col=5,title=podtailor%3A would-change"
        "::Pod default/web: general: app:requests.cpu 100m, app:requests.memory 256Mi"
    )
    assert (done.code, last) == (0, "podtailor: 1 would-change")


@pytest.mark.usefixtures("repository")
def test_sarif_names_the_file_from_the_root(run: Run) -> None:
    log = json.loads(run("audit", "-f", "a b.yaml", "-o", "sarif").out)
    (result,) = log["runs"][0]["results"]
    physical = result["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"]["uri"] == "deploy/a%20b.yaml"
    assert physical["region"] == {"startLine": 6, "startColumn": 5}


@pytest.mark.usefixtures("repository")
def test_a_failing_audit_is_a_failing_test_with_the_same_exit_code(run: Run) -> None:
    done = run("audit", "-f", "a b.yaml", "-o", "junit", "--fail-on", "would-change")
    root = ET.fromstring(done.out)  # noqa: S314 (we have just written it)
    assert (done.code, root.get("failures")) == (1, "1")
    (case,) = root.iter("testcase")
    assert (case.get("name"), case.get("file"), case.get("line")) == (
        "Pod default/web",
        "deploy/a b.yaml",
        "6",
    )


@pytest.mark.usefixtures("repository")
def test_a_comment_has_the_sum_and_the_diff(run: Run) -> None:
    out = run("audit", "-f", "a b.yaml", "-o", "markdown").out
    assert out.startswith(
        "### podtailor audit\n\n**Passed**: 1 would-change. 1 of 1 owner would change: +0.1 CPU, +256 MiB.\n"
    )
    assert "\n+    requests:\n" in out


@pytest.mark.parametrize("output", ["sarif", "github"])
def test_a_cluster_has_no_lines_to_show(run: Run, output: str) -> None:
    done = run("audit", "-o", output)
    assert (done.code, done.out) == (2, "")
    assert "give manifests with -f, or take -o junit or -o markdown" in done.err


BAD_POLICY = """\
apiVersion: podtailor.dev/v1alpha1
kind: ClusterWorkloadPolicy
metadata: {name: half}
spec: {resources: {limits: [{type: Container, default: {cpu: 0.5}}]}}
"""


def test_problems_of_policies_are_results(run: Run, repository: Path) -> None:
    (repository / "deploy" / "policy.yaml").write_text(BAD_POLICY)
    (repository / "deploy" / "tab.yaml").write_text("a:\n\t- b\n")
    done = run("policies", "lint", "policy.yaml", "tab.yaml", "-o", "github")
    second, first, last = done.out.splitlines()
    assert first.startswith("::error file=deploy/policy.yaml,line=4,col=")
    assert "title=podtailor%3A invalid-policy::spec.resources.limits[0].default.cpu: " in first
    assert second.startswith("::error file=deploy/tab.yaml,line=2,col=1,title=podtailor%3A invalid-yaml::")
    assert (done.code, last) == (2, "podtailor: 1 invalid-yaml, 1 invalid-policy")
    log = json.loads(run("policies", "lint", "policy.yaml", "tab.yaml", "-o", "sarif").out)
    assert log["runs"][0]["invocations"][0]["executionSuccessful"] is False


def test_policies_without_a_problem_are_tests_that_pass(run: Run) -> None:
    done = run("policies", "lint", "examples/policies", "-o", "junit")
    root = ET.fromstring(done.out)  # noqa: S314 (we have just written it)
    assert (done.code, root.get("failures"), root.get("errors")) == (0, "0", "0")
    assert int(root.get("tests", "0")) == len(list(root.iter("testcase"))) > 0
    assert all(case.get("line") for case in root.iter("testcase"))


POLICY_TEST = """\
apiVersion: podtailor.dev/v1alpha1
kind: PolicyTest
tests:
- name: stays as it is
  object: {apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: app}]}}
  expect: {unchanged: true}
"""


def test_a_policy_test_that_fails_annotates_its_line(run: Run, repository: Path) -> None:
    (repository / "deploy" / "tests.yaml").write_text(POLICY_TEST)
    done = run("test", "tests.yaml", "-o", "github")
    assert done.out.startswith(
        "::error file=deploy/tests.yaml,line=4,col=3,title=podtailor%3A failed-test::stays as it is: "
        "app:requests.cpu: expected nothing, is 100m%0A"
    )
    assert (done.code, done.out.splitlines()[-1]) == (1, "podtailor: 1 failed-test")
