"""`podtailor export` without a cluster: what it prints, what it refuses, and what it says is lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.cli.conftest import Run

SETS = """\
apiVersion: podtailor.dev/v1alpha1
kind: ClusterWorkloadPolicy
metadata: {name: mine}
spec: {nodeSelector: {a: b}}
"""


def test_prints_two_documents_and_nothing_else(run: Run) -> None:
    done = run("export")
    policy, binding = yaml.safe_load_all(done.out)
    assert done.code == 0
    assert (policy["kind"], binding["kind"]) == ("MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding")
    assert policy["metadata"]["annotations"]["podtailor.dev/export-options"] == "--builtin=safe"
    assert done.out.startswith("# Made by podtailor export")
    assert "#   3  general (built-in)\n" in done.out


def test_json_is_the_same_as_a_list(run: Run) -> None:
    done = run("export", "-o", "json")
    assert json.loads(done.out)["items"] == [*yaml.safe_load_all(run("export").out)]


def test_same_call_prints_the_same_bytes(run: Run) -> None:
    one, other = (run("export", "--builtin", "strict", "--preset", "redis").out for _ in range(2))
    assert one == other


def test_name_and_reinvocation_are_in_the_objects(run: Run) -> None:
    done = run("export", "--name", "podtailor-next", "--reinvocation", "Never")
    policy, binding = yaml.safe_load_all(done.out)
    assert binding["spec"]["policyName"] == policy["metadata"]["name"] == "podtailor-next"
    assert policy["spec"]["reinvocationPolicy"] == "Never"


def test_says_on_standard_error_what_is_lost(run: Run) -> None:
    assert run("export").err == (
        "warning: an exported policy does not have: mode Audit, warnings, metrics and the log of reviews, the "
        "annotation podtailor.dev/applied, sight of ResourceQuotas, LimitRanges and tolerationsWhitelist "
        "[lost-by-export]\n"
    )


REFUSED = """\
apiVersion: podtailor.dev/v1alpha1
kind: ClusterWorkloadPolicy
metadata: {name: refused}
spec:
  nodeSelector: {a: b}
  resources:
    onViolation: Deny
    limits:
    - type: Container
      maxLimitRequestRatio: {cpu: "2"}
    - type: Pod
      max: {cpu: "2"}
"""


def test_every_reason_is_printed_with_its_place(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(REFUSED)
    done = run("export", "-p", str(file), "--builtin", "off")
    assert (done.code, done.out) == (1, "")
    *errors, hint = done.err.splitlines()
    assert hint == "hint: --partial leaves these policies out, and exports the others"
    assert [each.removeprefix(f"error: {file}:").replace(" (policy refused)", "") for each in errors] == [
        "7:5: spec.resources.onViolation: a MutatingAdmissionPolicy refuses no Pod [exports-no-denial]",
        "11:7: spec.resources.limits[type=Pod]: bounds of a whole Pod are not compiled [exports-no-pod-bounds]",
        "10:7: spec.resources.limits[type=Container].maxLimitRequestRatio: maxLimitRequestRatio is not compiled [exports-no-ratio]",
    ]


def test_partial_exports_the_others_and_says_what_it_leaves_out(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(f"{REFUSED}---\n{SETS}")
    done = run("export", "-p", str(file), "--builtin", "off", "--partial")
    policy, _ = yaml.safe_load_all(done.out)
    assert done.code == 0
    assert [*json.loads(policy["metadata"]["annotations"]["podtailor.dev/exported-policies"])] == ["mine"]
    assert done.err.count(f"warning: left out: {file}:") == 3


def test_refusals_of_standard_input_name_the_document(run: Run) -> None:
    done = run("export", "-p", "-", "--builtin", "off", stdin=REFUSED)
    assert done.code == 1
    assert done.err.startswith("error: <stdin>:1:1: spec.resources.onViolation: ")


def test_policies_that_set_nothing_are_refused(run: Run) -> None:
    done = run("export", "--builtin", "off")
    assert (done.code, done.out, done.err) == (1, "", "error: these policies set nothing [exports-nothing]\n")


def test_workload_policies_will_not_follow(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(
        SETS.replace("ClusterWorkloadPolicy", "WorkloadPolicy").replace(
            "{name: mine}", "{name: mine, namespace: shop}"
        )
    )
    done = run("export", "-p", str(file))
    assert done.code == 0
    assert "WorkloadPolicies are exported as they are now" in done.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--name", "No"], "--name No: write lower case letters, digits, - and ."),
        (["--name", "a" * 254], "write lower case letters"),
        (["--despite-limitranges"], "give --from-cluster too"),
        (["--reinvocation", "Always"], "write IfNeeded or Never"),
    ],
)
def test_wrong_call_says_what_to_write(run: Run, arguments: list[str], words: str) -> None:
    done = run("export", *arguments)
    assert done.code == 2
    assert words in done.err
