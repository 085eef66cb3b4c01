"""How many Pods a template makes: as many as its controller runs at once."""

from __future__ import annotations

import pytest

from tests.support.pods import Json, yaml
from webhook.workloads.builtin_plugins import NO_PLUGINS
from webhook.workloads.templates import manifests_of
from webhook.workloads.workload import Ref, template_of

TEMPLATE = {"spec": {"containers": [{"name": "a"}]}}
RAY = ("spec", "workerGroupSpecs", "*", "template")
JOB_SET = ("spec", "replicatedJobs", "*", "template", "spec", "template")


def _counts(obj: Json, *paths: tuple[str, ...]) -> list[int]:
    ref = Ref(obj["kind"], "default", "n")
    return [template_of(obj, each, ref, NO_PLUGINS).replicas for each in manifests_of(obj, paths)]


@pytest.mark.parametrize(
    ("kind", "spec", "count"),
    [
        ("Deployment", "{}", 1),
        ("Deployment", "{replicas: 3}", 3),
        ("Deployment", "{replicas: 0}", 0),
        ("Deployment", "{replicas: -1}", 0),
        ("Deployment", "{replicas: null}", 1),
        ("Deployment", "{replicas: true}", 1),
        ("DaemonSet", "{}", 1),
        ("Job", "{}", 1),
        ("Job", "{completions: 5}", 1),
        ("Job", "{parallelism: 8}", 8),
        ("Job", "{parallelism: 8, completions: null}", 8),
        ("Job", "{parallelism: 8, completions: 2}", 2),
        ("Job", "{parallelism: 2, completions: 8}", 2),
        ("Job", "{parallelism: 0, completions: 2}", 0),
        ("Job", "{parallelism: 8, suspend: true}", 0),
        ("Job", "{parallelism: 8, suspend: false}", 8),
    ],
)
def test_of_a_template(kind: str, spec: str, count: int) -> None:
    given = yaml(f"{spec}\n")
    group = "batch" if kind == "Job" else "apps"
    assert _counts({"apiVersion": f"{group}/v1", "kind": kind, "spec": {**given, "template": TEMPLATE}}) == [
        count
    ]
    if kind == "Job":
        job: Json = {"spec": {**given, "template": TEMPLATE}}
        cron: Json = {"apiVersion": "batch/v1", "kind": "CronJob", "spec": {"jobTemplate": job}}
        assert _counts(cron) == [count]
        cron["spec"]["suspend"] = True
        assert _counts(cron) == [0]


def test_of_templates_in_lists() -> None:
    ray: Json = {"apiVersion": "ray.io/v1", "kind": "RayCluster", "spec": {}}
    ray["spec"]["workerGroupSpecs"] = [{"replicas": 4, "template": TEMPLATE}, {"template": TEMPLATE}, 1]
    assert _counts(ray, RAY) == [4, 1]
    job: Json = {"spec": {"parallelism": 2, "template": TEMPLATE}}
    job_set: Json = {"apiVersion": "jobset.x-k8s.io/v1alpha2", "kind": "JobSet", "spec": {}}
    job_set["spec"]["replicatedJobs"] = [{"replicas": 3, "template": job}]
    assert _counts(job_set, JOB_SET) == [6]
