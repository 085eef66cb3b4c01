"""One of every kind that makes Pods, and how many Pods of each: what a namespace of a real cluster holds."""

from __future__ import annotations

from tests.support.pods import Json

# Who never runs never ends: its Pods can be looked at as long as it takes.
_WAITS = {"nodeSelector": {"never": "there"}}


def _template(name: str, spec: Json | None = None, **labels: str) -> Json:
    return {
        "metadata": {"labels": {"app": name, **labels}},
        "spec": {"containers": [{"name": "app", "image": "example.com/app:1"}], **(spec or {})},
    }


def controller(kind: str, name: str, replicas: int, spec: Json | None = None, **labels: str) -> Json:
    """A Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Job or CronJob."""
    template = _template(name, spec, **labels)
    metadata = {"name": name, "labels": {"app": name}}
    selector = {"matchLabels": {"app": name}}
    match kind:
        case "CronJob":
            job = _job(template, replicas)
            made: Json = {"schedule": "0 0 1 1 *", "jobTemplate": {"spec": job}}
            return {"apiVersion": "batch/v1", "kind": kind, "metadata": metadata, "spec": made}
        case "Job":
            spec = _job(template, replicas)
            return {"apiVersion": "batch/v1", "kind": kind, "metadata": metadata, "spec": spec}
        case "ReplicationController":
            spec = {"replicas": replicas, "selector": {"app": name}, "template": template}
            return {"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": spec}
        case "DaemonSet":
            spec = {"selector": selector, "template": template}
        case _:
            spec = {"replicas": replicas, "selector": selector, "template": template}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": spec}


def bare(name: str, **labels: str) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": labels},
        "spec": _template(name)["spec"],
    }


def _job(template: Json, pods: int) -> Json:
    template["spec"] |= {"restartPolicy": "Never", **_WAITS}
    return {"parallelism": pods, "completions": pods, "template": template}


def hundred() -> tuple[list[Json], int]:
    """Of all owners, with the number of live Pods that they come to."""
    made = [
        *(controller("Deployment", f"web-{number}", 6) for number in range(10)),
        *(controller("StatefulSet", f"db-{number}", 2) for number in range(5)),
        controller("DaemonSet", "agent", 1, {"tolerations": [{"operator": "Exists"}]}),
        controller("ReplicaSet", "alone", 5),
        controller("ReplicationController", "old", 5),
        controller("Job", "batch", 5),
        controller("CronJob", "nightly", 1),
        *(bare(f"bare-{number}") for number in range(12)),
    ]
    return made, 60 + 10 + 3 + 5 + 5 + 5 + 12
