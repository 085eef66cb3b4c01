"""One bad file hides nothing: every verb names all errors, judges the rest, and exits 2."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.policies.documents import HEAD
from webhook.documents import yaml_tree

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: NAME}\nspec: {containers: [{name: app}]}\n"
BAD_POD = POD.replace("containers: [{name: app}]", "containers: [{image: a}], initContainers: [{image: a}]")
DOCUMENTS = "---\n".join((POD.replace("NAME", "first"), "a: [\n", BAD_POD, POD.replace("NAME", "last")))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A file that is no UTF-8, one with good and bad documents, and a good one."""
    (tmp_path / "a.yaml").write_bytes(b"a: \xff\n")
    (tmp_path / "b.yaml").write_text(DOCUMENTS)
    (tmp_path / "c.yaml").write_text(POD.replace("NAME", "other"))
    return tmp_path


def _errors(folder: Path) -> str:
    return (
        f"error: {folder}/a.yaml:1:4: not UTF-8 at byte 3 [unreadable-file]\n"
        f"error: {folder}/b.yaml:7:1: a value is missing [invalid-yaml]\n"
        f"error: {folder}/b.yaml:11:51: spec.initContainers[0].name: required [invalid-field]\n"
        f"error: {folder}/b.yaml:11:21: spec.containers[0].name: required [invalid-field]\n"
    )


def test_audit_judges_the_rest(run: Run, folder: Path) -> None:
    done = run("audit", "-f", str(folder), "-o", "json")
    assert (done.code, done.err.splitlines()) == (2, _errors(folder).splitlines())
    *lines, last = map(json.loads, done.out.splitlines())
    assert [line["name"] for line in lines] == ["first", "last", "other"]
    assert [each["name"] for each in last["summary"]["problems"]] == [
        "unreadable-file", "invalid-yaml", "invalid-field", "invalid-field",
    ]  # fmt: skip
    assert last["summary"]["problems"][0] == {
        "file": f"{folder}/a.yaml", "line": 1, "column": 4, "name": "unreadable-file", "field": "",
        "message": "not UTF-8 at byte 3",
    }  # fmt: skip


def test_a_report_says_that_it_is_not_complete(run: Run, folder: Path) -> None:
    note = "4 errors of input: the files or objects concerned are not covered."
    assert note in run("audit", "-f", str(folder)).out
    assert note in run("audit", "-f", str(folder), "-o", "html").out
    sarif = json.loads(run("audit", "-f", str(folder), "-o", "sarif").out)
    rules = [each["ruleId"] for each in sarif["runs"][0]["results"]]
    assert rules[:4] == ["unreadable-file", "invalid-yaml", "invalid-field", "invalid-field"]


def test_explain_explains_the_rest(run: Run, folder: Path) -> None:
    done = run("explain", "-f", str(folder), "-o", "json")
    assert (done.code, done.err) == (2, _errors(folder))
    assert [each["name"] for each in json.loads(done.out)] == ["first", "last", "other"]


@pytest.mark.parametrize("output", ["yaml", "json"])
def test_mutate_prints_no_manifests_because_kubectl_would_not_miss_the_others(
    run: Run, folder: Path, output: str
) -> None:
    done = run("mutate", "-f", str(folder), "-o", output)
    assert (done.code, done.out, done.err) == (2, "", _errors(folder))


def test_mutate_shows_the_diff_of_the_rest_with_the_lines_of_the_file(run: Run, folder: Path) -> None:
    done = run("mutate", "-f", str(folder), "--diff", "--no-annotate")
    assert (done.code, done.err) == (2, _errors(folder))
    assert [line for line in done.out.splitlines() if line.startswith(("+++", "@@"))] == [
        f"+++ {folder}/b.yaml", "@@ -1,7 +1,7 @@", "@@ -13,4 +13,4 @@",
        f"+++ {folder}/c.yaml", "@@ -1,4 +1,4 @@",
    ]  # fmt: skip


@pytest.mark.parametrize("command", ["audit", "explain", "mutate"])
def test_all_files_that_are_missing_are_named(run: Run, command: str) -> None:
    done = run(command, "-f", "no.yaml", "-f", "examples/arm64.yaml", "-f", "nor.yaml")
    assert done.code == 2
    assert done.err == (
        "error: no.yaml: No such file or directory [unreadable-file]\n"
        "error: nor.yaml: No such file or directory [unreadable-file]\n"
    )


@pytest.mark.parametrize("command", ["audit", "explain", "mutate"])
def test_the_first_error_is_the_last_with_fail_fast(run: Run, folder: Path, command: str) -> None:
    done = run(command, "-f", str(folder), "--fail-fast")
    assert (done.code, done.out, done.err) == (2, "", _errors(folder).splitlines(keepends=True)[0])


@pytest.mark.parametrize("command", ["audit", "explain", "mutate"])
def test_nothing_is_judged_by_fewer_policies_than_were_given(run: Run, folder: Path, command: str) -> None:
    for name in ("one", "two"):
        (folder / f"{name}.yaml").write_text(f"{HEAD}  moed: Audit\n")
    paths = ("-p", f"{folder}/no.yaml", "-p", f"{folder}/one.yaml", "-p", f"{folder}/two.yaml")
    done = run(command, "-f", "examples/arm64.yaml", *paths)
    wrong = 'spec.moed: unknown field; did you mean "mode"? [invalid-policy]'
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        f"error: {folder}/no.yaml: No such file or directory [unreadable-file]\n"
        f"error: {folder}/one.yaml:5:3: {wrong}\nerror: {folder}/two.yaml:5:3: {wrong}\n"
    )


def test_lint_names_missing_files_beside_mistakes(run: Run, folder: Path) -> None:
    (folder / "one.yaml").write_text(f"{HEAD}  moed: Audit\n")
    done = run("policies", "lint", "no.yaml", str(folder / "one.yaml"), "-o", "json")
    problems = json.loads(done.out)["problems"]
    assert (done.code, [each["name"] for each in problems]) == (2, ["unreadable-file", "invalid-policy"])


CASE = """\
- name: NAME
  manifest: FILE
  expect: {unchanged: true}
"""
TESTS = "apiVersion: podtailor.dev/v1alpha1\nkind: PolicyTest\nbuiltin: 'off'\ntests:\n"


def test_tests_that_can_be_run_are_run(run: Run, folder: Path) -> None:
    cases = {
        "good": "c.yaml",
        "ambiguous": "d.yaml",
        "missing": "no.yaml",
        "bad": "b.yaml",
        "after": "c.yaml",
    }
    (folder / "d.yaml").write_text("---\n".join(POD.replace("NAME", name) for name in "pq"))
    tests = folder / "tests"
    tests.mkdir()
    (tests / "a.yaml").write_text(TESTS.replace("tests:", "tests: []"))
    (tests / "b.yaml").write_text(
        TESTS
        + "".join(CASE.replace("NAME", name).replace("FILE", f"../{file}") for name, file in cases.items())
    )
    done = run("test", str(tests), "-o", "json")
    assert [(each["name"], each["passed"]) for each in json.loads(done.out)] == [
        ("good", True), ("after", True)
    ]  # fmt: skip
    assert done.code == 2
    first, second, third, *bad = done.err.splitlines()
    assert first.startswith(f"error: {tests}/a.yaml:4:1: tests: ")
    assert second == (
        f"error: {tests}/b.yaml:8:3: exactly one manifest that makes Pods is needed, not Pod/default/p, "
        "Pod/default/q: set select [invalid-test]"
    )
    assert third == f"error: {tests}/../no.yaml: No such file or directory [unreadable-file]"
    assert len(bad) == 3


def test_a_problem_of_several_tests_is_named_once(run: Run, folder: Path) -> None:
    cases = "".join(CASE.replace("NAME", name).replace("FILE", "c.yaml") for name in "pq")
    (folder / "tests.yaml").write_text(TESTS.replace("tests:", "policies: [no.yaml]\ntests:") + cases)
    done = run("test", str(folder / "tests.yaml"))
    assert (done.code, done.err) == (
        2, f"error: {folder}/no.yaml: No such file or directory [unreadable-file]\n"
    )  # fmt: skip


def test_a_list_of_policies_can_be_compared(run: Run, folder: Path) -> None:
    """Its policies are read before the cluster is."""
    item = yaml_tree.load(f"{HEAD}  {{}}\n")
    (folder / "list.json").write_text(json.dumps({"kind": "List", "items": [item]}))
    done = run("policies", "diff", "-f", str(folder / "list.json"), "--kubeconfig", "nowhere")
    assert (done.code, done.err.partition(" ")[0]) == (2, "error:")
    assert "nowhere" in done.err
