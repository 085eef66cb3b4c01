"""The minimal valid Pod, tweaked; policies from a few lines of YAML; a Pod as it comes out."""

from __future__ import annotations

import copy
from functools import cache
from textwrap import dedent, indent
from typing import Any

import jsonpatch

from webhook.documents import yaml_tree
from webhook.engine.evaluate import Decision, evaluate
from webhook.engine.snapshot import Request, Snapshot, snapshot_of
from webhook.model.names import Mode
from webhook.model.pod import pod_view
from webhook.model.policy import Policy
from webhook.model.subject import Namespace, Subject, subject_of
from webhook.policies.compile import compiled
from webhook.policies.schema import PolicyDocument

Json = dict[str, Any]


def yaml(text: str) -> Any:
    """What it says; most texts come again, and to read them takes longer than most tests."""
    return copy.deepcopy(_read(text))


@cache
def _read(text: str) -> Any:
    return yaml_tree.load(text)


def _fields(text: str) -> Json:
    """Most parts are empty: to make a reader takes longer than to read a short text."""
    fields: Json = (yaml(text) if text else None) or {}
    return fields


def pod(spec: str = "", *, metadata: str = "", container: str = "") -> Json:
    """A Pod with one container `app`; each part is YAML that is merged in at its place."""
    made: Json = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "namespace": "default", **_fields(metadata)},
        "spec": {"containers": [{"name": "app", "image": "example.com/app:1", **_fields(container)}]},
    }
    made["spec"] |= _fields(spec)
    return made


def owned(kind: str, **labels: str) -> str:
    """Metadata of a Pod that a controller of this kind made."""
    lines = "".join(f"  {key}: '{value}'\n" for key, value in labels.items())
    owner = f"{{apiVersion: apps/v1, kind: {kind}, name: o, uid: u, controller: true}}"
    return f"ownerReferences: [{owner}]\nlabels:\n  app: x\n{lines}"


def policy(
    spec: str, *, name: str = "test", kind: str = "ClusterWorkloadPolicy", namespace: str = ""
) -> Policy:
    within = f"namespace: {namespace}" if namespace else ""
    text = (
        f"apiVersion: podtailor.dev/v1alpha1\nkind: {kind}\n"
        f"metadata: {{name: {name}, {within}}}\nspec:\n{indent(dedent(spec) or '{}', '  ')}\n"
    )
    return policy_of(yaml(text))


def policy_of(document: Json) -> Policy:
    return compiled(PolicyDocument.model_validate(document), source="test")


def snapshot(*policies: Policy, labels: dict[str, str] | None = None, mode: Mode = Mode.ENFORCE) -> Snapshot:
    """Without the annotation, so that tables show what their rule does and nothing else."""
    namespaces = {"default": Namespace("default", labels or {})}
    return snapshot_of(policies, namespaces=namespaces, mode=mode, annotate=False)


def decide(obj: Json, within: Snapshot) -> Decision:
    return evaluate(Request(obj["metadata"].get("namespace", "default"), pod_view(obj)), within)


def tailored(obj: Json, *policies: Policy, within: Snapshot | None = None) -> Json:
    """The Pod as it comes out. The patch is applied by the reference implementation."""
    decision = decide(obj, within or snapshot(*policies))
    result: Json = jsonpatch.apply_patch(copy.deepcopy(obj), decision.patch)
    return result


def subject(obj: Json, labels: dict[str, str] | None = None) -> Subject:
    empty = Snapshot()
    return subject_of(pod_view(obj), Namespace("default", labels or {}), empty.accelerators)
