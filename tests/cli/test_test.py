"""`podtailor test`."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.cli.conftest import Run

HEAD = "apiVersion: podtailor.dev/v1alpha1\nkind: PolicyTest\n"
POD = "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: app, image: a}]}}"


def _tests(tmp_path: Path, expect: str, *, more: str = "", head: str = "", pod: str = POD) -> str:
    file = tmp_path / "tests.yaml"
    file.write_text(f"{HEAD}{head}tests:\n- name: a Pod\n  object: {pod}\n{more}  expect: {expect}\n")
    return str(file)


def test_ours_pass(run: Run) -> None:
    done = run("test", "examples/tests")
    assert (done.code, done.err) == (0, "")
    assert done.out.endswith(" tests passed\n")


@pytest.mark.parametrize(
    ("expect", "failure"),
    [
        ("{unchanged: true}", "app:requests.cpu: expected nothing, is 100m"),
        ("{fields: {}}", "app:requests.cpu: expected nothing, is 100m"),
        ("{fields: {'app:requests.cpu': 200m}}", "app:requests.cpu: expected 200m, is 100m"),
        ("{fields: {'app:limits.cpu': '1'}}", "app:limits.cpu: expected 1, is not set"),
        ("{workloadTypes: [GPU]}", "workloadTypes: expected GPU, is General"),
        ("{qosClass: Guaranteed}", "qosClass: expected Guaranteed, is Burstable"),
        ("{denied: maximum}", "denied: expected 'maximum', is not denied"),
        ("{skips: {'app:requests.cpu': kept}}", "skips app:requests.cpu: expected kept, is not skipped"),
    ],
)
def test_what_is_otherwise_is_told(run: Run, tmp_path: Path, expect: str, failure: str) -> None:
    done = run("test", _tests(tmp_path, expect))
    assert done.code == 1
    assert f"        {failure}\n" in done.out
    assert done.out.endswith("1 test, 1 failed\n")


def test_denial_can_be_expected_and_is_a_failure_where_it_is_not(run: Run, tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(
        "apiVersion: podtailor.dev/v1alpha1\nkind: ClusterWorkloadPolicy\nmetadata: {name: must}\n"
        "spec: {resources: {onViolation: Deny, limits: [{type: Container, max: {memory: 1Gi}}]}}\n"
    )
    head = "policies: [policy.yaml]\nbuiltin: 'off'\n"
    assert (
        run("test", _tests(tmp_path, "{denied: maximum memory usage per Container is 1Gi}", head=head)).code
        == 0
    )
    refused = run("test", _tests(tmp_path, "{workloadTypes: [General]}", head=head))
    assert refused.code == 1
    assert (
        "        denied: podtailor: policy must: container app: maximum memory usage per Container is 1Gi"
        in refused.out
    )


def test_namespace_labels_count(run: Run, tmp_path: Path) -> None:
    more = "  namespaceLabels: {podtailor.dev/mode: 'off'}\n"
    assert run("test", _tests(tmp_path, "{unchanged: true}", more=more)).code == 0


@pytest.mark.parametrize(
    ("known", "expect"),
    [
        ("{a: {says: [linux/amd64, linux/arm64]}}", "{fields: {'pod:nodeSelector.zone': arm}}"),
        ("{a: {runs: [linux/arm64]}}", "{fields: {'pod:nodeSelector.zone': arm}}"),
        ("{a: {says: [linux/amd64]}}", "{unchanged: true}"),
        ("{a: {says: []}}", "{unchanged: true}"),
        ("{b: {runs: [linux/arm64]}}", "{unchanged: true}"),
    ],
)
def test_what_is_known_of_images_counts(run: Run, tmp_path: Path, known: str, expect: str) -> None:
    (tmp_path / "policy.yaml").write_text(
        "apiVersion: podtailor.dev/v1alpha1\nkind: ClusterWorkloadPolicy\nmetadata: {name: ready}\n"
        "spec: {match: {imagePlatforms: {all: [linux/arm64]}}, nodeSelector: {zone: arm}}\n"
    )
    head = "policies: [policy.yaml]\nbuiltin: 'off'\n"
    done = run("test", _tests(tmp_path, expect, head=head, more=f"  imagePlatforms: {known}\n"))
    assert done.code == 0, done.out


def test_version_of_kubernetes_counts(run: Run, tmp_path: Path) -> None:
    """Before 1.34 the API server drops the sizes of the Pod as a whole."""
    whole = POD.replace("containers", "resources: {requests: {cpu: 500m}}, containers")
    for version, code in (("1.34", 0), ("v1.33.4", 1)):
        head = f"kubernetesVersion: '{version}'\n"
        file = _tests(tmp_path, "{skips: {'pod:resources': pod-level-resources}}", head=head, pod=whole)
        assert run("test", file).code == code


def test_junit_and_json_say_the_same(run: Run, tmp_path: Path) -> None:
    file = _tests(tmp_path, "{unchanged: true}")
    suites = ET.fromstring(run("test", file, "-o", "junit").out)  # noqa: S314 (we have just written it)
    assert (suites.tag, suites.get("tests"), suites.get("failures")) == ("testsuites", "1", "1")
    (case,) = suites.iter("testcase")
    assert (case.get("name"), case.get("file"), case.get("line")) == ("a Pod", file, "4")
    (result,) = json.loads(run("test", file, "-o", "json").out)
    assert (result["name"], result["passed"]) == ("a Pod", False)
    assert case[0].text == "\n".join(
        [f"{file}:4:3: failed-test: {result['failures'][0]}", *result["failures"][1:]]
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"{HEAD}tests: []\n", "tests.yaml:3:1: tests: "),
        (f"{HEAD}tests:\n- name: x\n  object: {POD}\n  expect: {{}}\n", "tests.yaml:6:3: tests[0].expect: expects nothing"),
        (f"{HEAD}tests:\n- name: x\n  expect: {{unchanged: true}}\n", "tests[0]: set either manifest or object"),
        (f"{HEAD}tests:\n- name: x\n  manifst: a\n  expect: {{unchanged: true}}\n", 'did you mean "manifest"?'),
        (f"{HEAD}tests:\n- name: x\n  manifest: gone.yaml\n  expect: {{unchanged: true}}\n", "gone.yaml: No such file"),
        (f"{HEAD}presets: [nope]\ntests:\n- name: x\n  object: {POD}\n  expect: {{unchanged: true}}\n", "no preset 'nope'"),
        (f"{HEAD}tests:\n- name: x\n  object: {{kind: Service}}\n  expect: {{unchanged: true}}\n", "exactly one manifest that makes Pods is needed, not none: set select"),
        (f"{HEAD}kubernetesVersion: 1.34\ntests: []\n", "kubernetesVersion: must be a string: put the version in quotes"),
        (f"{HEAD}kubernetesVersion: latest\ntests: []\n", "kubernetesVersion: latest: write a version from 1.33 on"),
        (f"{HEAD}tests:\n- name: x\n  object: {POD}\n  imagePlatforms: {{a: {{says: [arm64]}}}}\n  expect: {{unchanged: true}}\n", "write linux/arm64"),
        ("[]\n", "a file of tests is a mapping with apiVersion, kind: PolicyTest and tests"),
        ("# nothing\n", "no test found"),
    ],
)  # fmt: skip
def test_wrong_file_is_refused(run: Run, tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "tests.yaml").write_text(text)
    done = run("test", str(tmp_path / "tests.yaml"))
    assert done.code == 2
    assert message in done.err


def test_first_draft_passes_and_is_not_written_over(run: Run, tmp_path: Path) -> None:
    draft = tmp_path / "draft.yaml"
    flags = ("test", "--init", "-f", "examples", "--builtin", "strict", "--preset", "redis", str(draft))
    done = run(*flags)
    assert (done.code, done.out) == (
        0,
        f"{draft}: 6 tests of what happens today; read them before you keep them\n",
    )
    assert run("test", str(draft)).code == 0
    again = run(*flags)
    assert again.code == 2
    assert "must not exist yet" in again.err
    assert run("test", str(draft), "-f", "examples").code == 2


NARROW = """\
apiVersion: podtailor.dev/v1alpha1
kind: ClusterWorkloadPolicy
metadata: {name: java}
spec:
  match: {namespaceSelector: {matchLabels: {team: java}}}
  resizePolicy: {memory: RestartContainer}
"""


def test_draft_warns_of_a_policy_that_matches_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "java.yaml").write_text(NARROW)
    flags = ("test", "--init", "-f", "examples/general.yaml", "-p", str(tmp_path / "java.yaml"))
    done = run(*flags, str(tmp_path / "draft.yaml"))
    assert "warning: policy java matches none of these" in done.err
    labelled = run(*flags, "--namespace-labels", "team=java", str(tmp_path / "labelled.yaml"))
    assert labelled.err == ""
    assert "RestartContainer" in (tmp_path / "labelled.yaml").read_text()
    assert run("test", str(tmp_path / "labelled.yaml")).code == 0


def test_two_objects_of_one_name_are_told_apart_by_namespace(run: Run, tmp_path: Path) -> None:
    pods = [
        POD.replace("{name: p}", f"{{name: p, namespace: {namespace}}}") for namespace in ("blue", "green")
    ]
    (tmp_path / "pods.yaml").write_text("\n---\n".join(pods))
    assert run("test", "--init", "-f", str(tmp_path / "pods.yaml"), str(tmp_path / "draft.yaml")).code == 0
    assert run("test", str(tmp_path / "draft.yaml")).out.endswith("2 tests passed\n")
    text = f"{HEAD}tests:\n- {{name: x, manifest: pods.yaml, select: Pod/p, expect: {{unchanged: true}}}}\n"
    (tmp_path / "ambiguous.yaml").write_text(text)
    done = run("test", str(tmp_path / "ambiguous.yaml"))
    assert done.code == 2
    assert "is needed, not Pod/blue/p, Pod/green/p: set select" in done.err


def test_what_no_api_server_takes_is_named_where_the_test_holds_it(run: Run, tmp_path: Path) -> None:
    (tmp_path / "tests.yaml").write_text(
        "apiVersion: podtailor.dev/v1alpha1\nkind: PolicyTest\ntests:\n- name: t\n  expect: {unchanged: true}\n  object:\n"
        "    apiVersion: v1\n    kind: Pod\n    spec:\n      container: [{name: a}]\n"
    )
    done = run("test", str(tmp_path / "tests.yaml"))
    problem = 'tests.yaml:10:7: tests[0].object.spec.container: unknown field; did you mean "containers"?'
    assert (done.code, done.err) == (2, f"error: {tmp_path}/{problem} [invalid-field]\n")
