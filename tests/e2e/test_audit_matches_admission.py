"""What the audit says of a template is what admission does to its Pods, field by field."""

from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.audits import audit_lines
from tests.e2e.client import Client, Refused
from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.webhook import Webhook
from tests.support.pods import Json
from tests.support.processes import eventually
from tests.support.strategies import many, pods
from webhook.model.names import APPLIED
from webhook.model.quantity import milli

TEMPLATES = max(37, int(os.environ.get("PODTAILOR_E2E_PODS", "500")) // 8)
GREEDY = Path(__file__).parent / "greedy-policies.yaml"
FLAGS = ["--builtin=strict", f"--policies={GREEDY}"]
GUARDS: list[Json] = [
    {
        "apiVersion": "v1",
        "kind": "LimitRange",
        "metadata": {"name": "range"},
        "spec": {
            "limits": [
                {
                    "type": "Container",
                    "default": {"memory": "3Gi"},
                    "defaultRequest": {"cpu": "70m"},
                    "max": {"memory": "64Gi"},
                }
            ]
        },
    },
    {
        "apiVersion": "node.k8s.io/v1",
        "kind": "RuntimeClass",
        "metadata": {"name": "boxed"},
        "handler": "boxed",
        "overhead": {"podFixed": {"cpu": "50m", "memory": "32Mi"}},
        "scheduling": {
            "nodeSelector": {"kubernetes.io/arch": "arm64"},
            "tolerations": [{"key": "boxed", "operator": "Exists", "effect": "NoSchedule"}],
        },
    },
]


@pytest.fixture(scope="module")
def webhook_flags(cluster: ControlPlane) -> list[str]:
    return [*FLAGS, "--from-cluster", f"--kubeconfig={cluster.kubeconfig}"]


def _controller(number: int, pod: Json) -> Json:
    """Makes no Pod before it is told to."""
    name, spec = f"made-{number}", pod["spec"]
    labels = {**(pod["metadata"].get("labels") or {}), "made": name}
    # What came of it is read from our annotation: nobody else writes that, and there is room for it.
    annotations = pod["metadata"].get("annotations") or {}
    kept = {key: value for key, value in annotations.items() if key not in (APPLIED, "huge")}
    template = {
        "metadata": {"labels": labels, "annotations": kept},
        "spec": {**spec, "runtimeClassName": "boxed"} if number % 4 == 0 else spec,
    }
    metadata = {"name": name}
    selector = {"matchLabels": {"made": name}}
    if spec.get("restartPolicy", "Always") != "Always":
        job = {"suspend": True, "template": template}
        return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": job}
    kind = ("Deployment", "ReplicaSet", "StatefulSet")[number % 3]
    made: Json = {"replicas": 0, "selector": selector, "template": template}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": made}


def _taken(client: Client, namespace: str) -> list[Json]:
    """Controllers that the API server takes, and whose Pods it takes as well."""
    taken = []
    for number, pod in enumerate(many(pods(owned=False), TEMPLATES)):
        made = _controller(number, pod)
        template = made["spec"]["template"]
        one = {"apiVersion": "v1", "kind": "Pod", **template}
        try:
            client.create(namespace, {**one, "metadata": {**one["metadata"], "name": "p"}}, dry_run=True)
            taken.append(client.make(namespace, made))
        except Refused:
            continue
    return taken


def _start(cluster: ControlPlane, namespace: str, made: Json) -> None:
    start = {"suspend": False} if made["kind"] == "Job" else {"replicas": 1}
    patch = f"--patch={json.dumps({'spec': start})}"
    cluster.kubectl(
        "patch", made["kind"], made["metadata"]["name"], f"--namespace={namespace}", "--type=merge", patch
    )


@pytest.mark.usefixtures("crds")
def test_audit_says_what_admission_does(
    cluster: ControlPlane,
    client: Client,
    webhook: Webhook,
    namespace: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    eventually("all is listed", lambda: webhook.health("/readyz")[0] == 200)
    for guard in GUARDS:
        made = client.make(namespace, guard)
        if guard["kind"] == "LimitRange":
            webhook.knows("limitranges", made)
    taken = _taken(client, namespace)
    said = _audit(cluster, namespace)
    for made in taken:
        _start(cluster, namespace, made)
    compared = fields = 0
    for made in taken:
        name = made["metadata"]["name"]
        pod = eventually(f"{name} has a Pod", partial(_pod_of, cluster, namespace, name))
        items = [item for item in said[name]["items"] if item.get("field")]
        changes = [item for item in items if item["finding"] in ("pass", "would-change")]
        assert _applied(changes) == _annotated(pod), json.dumps([made, said[name], pod])
        for change in changes:
            assert _is_there(change, pod), json.dumps([change, pod])
            fields += 1
        compared += 1
    with capsys.disabled():
        print(f"\n{compared} templates audited, then made: {fields} fields, 0 differences")
    assert compared > TEMPLATES / 5


def _audit(cluster: ControlPlane, namespace: str) -> dict[str, Json]:
    return {line["name"]: line for line in audit_lines(cluster.kubeconfig, "-n", namespace, *FLAGS)[:-1]}


def _pod_of(cluster: ControlPlane, namespace: str, name: str) -> Json | None:
    found = cluster.kubectl_json("get", "pods", f"--namespace={namespace}", f"--selector=made={name}")[
        "items"
    ]
    return found[0] if found else None


def _applied(changes: list[Json]) -> dict[str, set[str]]:
    made: dict[str, set[str]] = {}
    for change in changes:
        made.setdefault(change["policy"], set()).add(change["field"])
    return made


def _annotated(pod: Json) -> dict[str, Any]:
    said = json.loads((pod["metadata"].get("annotations") or {}).get(APPLIED, "{}"))
    return {policy: set(fields) if isinstance(fields, list) else fields for policy, fields in said.items()}


def _asked_of_nodes(affinity: Json) -> list[Json]:
    """The preferences, and the expressions that every required term has."""
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {"nodeSelectorTerms": []}
    terms = [each.get("matchExpressions", []) for each in required["nodeSelectorTerms"] if each]
    everywhere = [each for term in terms[:1] for each in term if all(each in other for other in terms)]
    return [*affinity.get("preferredDuringSchedulingIgnoredDuringExecution", []), *everywhere]


def _is_there(change: Json, pod: Json) -> bool:
    where, _, field = change["field"].partition(":")
    kind, _, key = field.partition(".")
    wanted, spec = change["after"], pod["spec"]
    if kind == "tolerations":
        return any(wanted.items() <= each.items() for each in spec["tolerations"])
    if kind == "nodeSelector":
        return bool(spec["nodeSelector"][key] == wanted)
    if kind == "nodeAffinity":
        return wanted in _asked_of_nodes(spec["affinity"]["nodeAffinity"])
    every = [*spec["containers"], *(spec.get("initContainers") or ())]
    container = next(each for each in every if each["name"] == where)
    if kind == "resizePolicy":
        return wanted in container["resizePolicy"]
    return milli(container["resources"][kind][key]) == milli(wanted)
