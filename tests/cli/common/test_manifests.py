"""Manifests as all commands read them: kinds, templates, fields that no API server accepts."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from webhook.documents.files import read_file


def test_examples_can_be_read() -> None:
    assert all(read_file(str(file)) for file in sorted(Path("examples").rglob("*.yaml")))


ROLLOUT = """\
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: canary}
spec:
  template:
    spec:
      containers:
      - name: a
"""


RAY = """\
apiVersion: ray.io/v1
kind: RayCluster
metadata: {name: r}
spec:
  headGroupSpec:
    template: {spec: {containers: [{name: head}]}}
  workerGroupSpecs:
  - template: {spec: {containers: [{name: small}]}}
  - template: {spec: {containers: [{name: large}]}}
"""


JOB_SET = """\
apiVersion: jobset.x-k8s.io/v1alpha2
kind: JobSet
metadata: {name: j}
spec:
  replicatedJobs:
  - template: {spec: {template: {spec: {containers: [{name: a}]}}}}
"""


@pytest.mark.parametrize(
    ("manifest", "flags"),
    [
        pytest.param(ROLLOUT, ["Rollout.v1alpha1.argoproj.io=spec.template"], id="an Argo Rollout"),
        pytest.param(ROLLOUT.replace("argoproj.io/v1alpha1", "apps.kruise.io/v1beta1").replace("Rollout", "CloneSet"), ["CloneSet.v1beta1.apps.kruise.io=spec.template"], id="a CloneSet"),
        pytest.param(ROLLOUT.replace("argoproj.io/v1alpha1", "apps.openshift.io/v1").replace("Rollout", "DeploymentConfig"), ["DeploymentConfig.v1.apps.openshift.io=spec.template"], id="a DeploymentConfig"),
        pytest.param(RAY, ["RayCluster.v1.ray.io=spec.headGroupSpec.template", "RayCluster.v1.ray.io=spec.workerGroupSpecs.*.template"], id="a RayCluster"),
        pytest.param(JOB_SET, ["JobSet.v1alpha2.jobset.x-k8s.io=spec.replicatedJobs.*.template.spec.template"], id="a JobSet"),
    ],
)  # fmt: skip
def test_warning_about_a_custom_kind_has_the_flags_that_include_it(
    run: Run, manifest: str, flags: list[str]
) -> None:
    done = run("mutate", "-f", "-", stdin=manifest)
    assert done.out == manifest
    words = [word for flag in flags for word in ("--controller", flag)]
    assert done.err.startswith("warning: <stdin>:1:1: ")
    assert shlex.split(done.err.partition("to include it, add ")[2]) == words
    given = run("mutate", "-f", "-", *words, stdin=manifest)
    assert given.err == ""
    assert given.out.count("resourceName: cpu") == manifest.count("{name: ") - 1 + manifest.count("- name: ")
    for command in (["explain"], ["audit", "-o", "json"]):
        assert run(*command, "-f", "-", *words, stdin=manifest).err == ""


@pytest.mark.parametrize("manifest", [
    pytest.param("apiVersion: monitoring.coreos.com/v1\nkind: Prometheus\nspec: {containers: [{name: a}]}\n", id="containers without a template"),
    pytest.param("apiVersion: x.io/v1\nkind: X\nspec: {template: {spec: {containers: {type: array}}}}\n", id="a schema"),
    pytest.param("apiVersion: v1\nkind: ConfigMap\ndata: {template: x}\n", id="a ConfigMap"),
])  # fmt: skip
def test_objects_without_a_template_are_printed_without_a_warning(run: Run, manifest: str) -> None:
    done = run("mutate", "-f", "-", stdin=manifest)
    assert (done.out, done.err) == (manifest, "")


@pytest.mark.parametrize("command", ["mutate", "audit"])
@pytest.mark.parametrize(
    ("written", "warning"),
    [
        ("apiVersion: apps/v1\nkind: Deployment\nspec: {replicas: 3}\ntemplate: {spec: {containers: [{name: a}]}}", "the Deployment is ignored: it has no spec.template [missing-template]"),
        ("apiVersion: batch/v1\nkind: CronJob\nspec: {jobTemplate: {}}", "the CronJob is ignored: it has no spec.jobTemplate.spec.template [missing-template]"),
        ("apiVersion: apps/v1\nkind: deployment\nspec: {template: {spec: {containers: [{name: a}]}}}", 'kind deployment is ignored; did you mean "Deployment"? [unknown-kind]'),
        ("apiVersion: v1\nkind: pod\nspec: {containers: [{name: a}]}", 'kind pod is ignored; did you mean "Pod"? [unknown-kind]'),
    ],
)  # fmt: skip
def test_what_was_meant_to_make_pods_is_warned_about(
    run: Run, command: str, written: str, warning: str
) -> None:
    assert f"warning: <stdin>:1:1: {warning}\n" in run(command, "-f", "-", stdin=f"{written}\n").err


@pytest.mark.parametrize("command", ["mutate", "audit"])
@pytest.mark.parametrize(
    ("spec", "error"),
    [
        ("{template: [{spec: {containers: [{name: a}]}}]}", "3:8: spec.template: must be a mapping, but is a list"),
        ("[]", "3:1: spec: must be a mapping, but is a list"),
        ("{template: web}", "3:8: spec.template: must be a mapping, but is a string"),
    ],
)  # fmt: skip
def test_template_that_is_no_mapping_is_an_error(run: Run, command: str, spec: str, error: str) -> None:
    done = run(command, "-f", "-", stdin=f"apiVersion: apps/v1\nkind: StatefulSet\nspec: {spec}\n")
    assert (done.code, done.err) == (2, f"error: <stdin>:{error} [invalid-field]\n")


def test_a_list_in_a_list_is_read(run: Run) -> None:
    inner = "{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: a}]}}]}"
    out = run("mutate", "-f", "-", stdin=f"{{apiVersion: v1, kind: List, items: [{inner}, 1]}}\n").out
    assert '"cpu": "100m"' in out


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("containers: [{name: a, resources: {limits: {memory: 512MB}}}]", '5:47: spec.containers[0].resources.limits.memory: "512MB" is not a quantity; did you mean 512M or 512Mi?'),
        ("container: [{name: a}]", '5:3: spec.container: unknown field; did you mean "containers"?'),
        ("{}", "4:1: spec.containers: required"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("command", ["mutate", "explain", "audit"])
def test_fields_that_every_api_server_rejects_are_errors(
    run: Run, command: str, spec: str, message: str
) -> None:
    manifest = f"apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec:\n  {spec}\n"
    done = run(command, "-f", "-", stdin=manifest)
    assert (done.code, done.err) == (2, f"error: <stdin>:{message} [invalid-field]\n")
    assert command == "audit" or done.out == ""


@pytest.mark.parametrize("command", ["mutate", "explain", "audit"])
def test_label_on_a_controller_that_is_read_from_its_pods_is_warned_about(run: Run, command: str) -> None:
    manifest = (
        "apiVersion: apps/v1\nkind: Deployment\n"
        "metadata: {name: web, labels: {podtailor.dev/injection: disabled}}\n"
        "spec: {template: {spec: {containers: [{name: app}]}}}\n"
    )
    done = run(command, "-f", "-", stdin=manifest)
    assert done.err == (
        "warning: <stdin>:3:1: misplaced-key: podtailor.dev/injection is set on the Deployment, but read from "
        "its Pods: set it in the Pod template\n"
    )


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
