"""The next step on the way to a template that says what the Pods have, without a rollout. Pure.

Controllers compare a template with that of a revision, never with Pods. So the controller is held while both
are changed: a Deployment is paused, a StatefulSet and a DaemonSet replace only Pods that are deleted. Each
step follows from what the objects say, so that a run which was killed goes on where it stopped.

Source: k8s.io/kubernetes `pkg/controller/deployment/sync.go`, `pkg/controller/statefulset`
(`updateStatefulSet`, `newVersionedStatefulSetPod`) and `pkg/controller/daemon/update.go`.
"""

from __future__ import annotations

import json
import shlex

from msgspec import Struct

from webhook.resize.owner_object import (
    HELD,
    Json,
    annotations_of,
    declared,
    differs_in_size_only,
    is_held,
    is_same,
    missing,
    template_of,
    template_patch,
)
from webhook.resize.pod import Field, Pod, Values

_REVISION = "controller-revision-hash"
REVISION_NUMBER = "deployment.kubernetes.io/revision"
_REVISIONED = ("StatefulSet", "DaemonSet")
_ON_DELETE = "OnDelete"


class State(Struct, frozen=True, kw_only=True):
    """An owner and what belongs to it, as read just now."""

    kind: str
    owner: Json
    children: tuple[Json, ...] = ()
    """The ReplicaSets of a Deployment; the ControllerRevisions of a StatefulSet or DaemonSet."""
    pods: tuple[Pod, ...] = ()
    """Those that are not being deleted."""

    @property
    def template(self) -> Json:
        return template_of(self.kind, self.owner)

    @property
    def is_held(self) -> bool:
        return is_held(self.kind, self.owner)


class Patch(Struct, frozen=True):
    """A strategic merge patch of one object."""

    kind: str
    name: str
    body: Json


class Resize(Struct, frozen=True):
    """Pods that were made with the old values meanwhile."""

    pods: tuple[Pod, ...]


class Wait(Struct, frozen=True):
    why: str


class Stuck(Struct, frozen=True):
    why: str
    hint: str


Step = tuple[Patch, ...] | Resize | Wait | Stuck
"""Patches can be sent in any order."""


def next_step(state: State, wanted: Values, given_up: frozenset[str] = frozenset()) -> Step | None:
    """None once all is done.

    `wanted`: of template and Pods. `given_up`: uids of Pods that keep their values.
    """
    if missing(declared(state.template), wanted):
        return (_hold(state, wanted),)
    late = _late(state, wanted, given_up)
    if state.kind == "Deployment" and state.is_held:
        return _follow_template(state) or late or _release(state)
    if state.kind in _REVISIONED and (state.is_held or _replaces_deleted_only(state)):
        return _seen(state) or late or _relabel(state) or _release(state)
    return late


def trials(state: State, wanted: Values) -> tuple[Patch, ...]:
    """One patch of each kind of object that a run patches, to ask whether it may: for dry runs alone."""
    owner = _hold(state, wanted)
    del owner.body["metadata"]["resourceVersion"]  # its status may change between
    body = template_patch("ReplicaSet", state.template, wanted)
    children = [
        Patch("ReplicaSet", each["metadata"]["name"], {"metadata": _identity(each, "uid"), **body})
        for each in (active_replica_sets(state)[:1] if state.kind == "Deployment" else ())
    ]
    pods = [
        Patch("Pod", pod.name, {"metadata": {"uid": pod.uid, "labels": {_REVISION: label}}})
        for pod in (state.pods if state.kind in _REVISIONED else ())
        if (label := (pod.metadata.labels or {}).get(_REVISION))
    ]
    return (owner, *children, *pods[:1])


def _late(state: State, wanted: Values, given_up: frozenset[str]) -> Step | None:
    pods = tuple(
        pod
        for pod in state.pods
        if pod.uid not in given_up
        and missing(pod.values(), {field: value for field, value in wanted.items() if _has(pod, field)})
    )
    running = tuple(pod for pod in pods if pod.node)
    if running:
        return Resize(running)
    return Wait(f"{pods[0].name} is on no Node yet") if pods else None


def _has(pod: Pod, field: Field) -> bool:
    return any(each.name == field.container for each in pod.containers())


def _hold(state: State, wanted: Values) -> Patch:
    """Change the template, and keep the controller from following it, in one request."""
    body = template_patch(state.kind, state.template, missing(declared(state.template), wanted))
    # With the resourceVersion: its replicas, its strategy or its template may just have changed.
    body["metadata"] = _identity(state.owner, "uid", "resourceVersion")
    if state.kind == "Deployment":
        body["spec"]["paused"] = True
    elif state.kind in _REVISIONED and not _replaces_deleted_only(state):
        strategy = state.owner["spec"]["updateStrategy"]
        body["metadata"]["annotations"] = {HELD: json.dumps(strategy, separators=(",", ":"))}
        body["spec"]["updateStrategy"] = {"type": _ON_DELETE, "rollingUpdate": None}
    return Patch(state.kind, state.owner["metadata"]["name"], body)


def _release(state: State) -> Step | None:
    """Once the controller has seen that all Pods are of the new template; before, it would replace them."""
    if not state.is_held:
        return None
    status, spec = state.owner.get("status") or {}, state.owner["spec"]
    match state.kind:
        case "Deployment":
            new, pods = status.get("updatedReplicas", 0), status.get("replicas", 0)
        case "StatefulSet":
            new, pods = status.get("updatedReplicas", 0), min(spec.get("replicas", 1), len(state.pods))
        case _:
            new, pods = status.get("updatedNumberScheduled", 0), status.get("desiredNumberScheduled", 0)
    if new < pods:
        return Wait(f"its controller has seen {new} of {pods} Pods with the new template")
    return _seen(state) or (Patch(state.kind, state.owner["metadata"]["name"], _released(state)),)


def _released(state: State) -> Json:
    metadata = _identity(state.owner, "uid", "resourceVersion")
    if state.kind == "Deployment":
        return {"metadata": metadata, "spec": {"paused": None}}
    strategy = json.loads(annotations_of(state.owner)[HELD])
    return {
        "metadata": {**metadata, "annotations": {HELD: None}},
        "spec": {"updateStrategy": strategy},
    }


def _seen(state: State) -> Step | None:
    observed = (state.owner.get("status") or {}).get("observedGeneration", 0)
    is_seen = observed >= state.owner["metadata"]["generation"]
    return None if is_seen else Wait("its controller has not seen its last change yet")


def active_replica_sets(state: State) -> list[Json]:
    """Those with Pods; without any the newest one. In a complete rollout that is one."""
    active = [each for each in state.children if each["spec"].get("replicas")]
    return active or sorted(state.children, key=_number)[-1:]


def _number(replica_set: Json) -> int:
    return int(annotations_of(replica_set).get(REVISION_NUMBER, "0"))


def _follow_template(state: State) -> Step | None:
    """Give the ReplicaSet the template of its Deployment, which then takes it for its own."""
    active = active_replica_sets(state)
    current = active[0]["spec"]["template"] if active else None
    if current is not None and is_same(current, state.template):
        return None
    changes = missing(declared(current), declared(state.template)) if current else {}
    if len(active) != 1 or not changes or not differs_in_size_only(current or {}, state.template):
        return _changed_by_others(state)
    body = template_patch("ReplicaSet", state.template, changes)
    return (
        Patch("ReplicaSet", active[0]["metadata"]["name"], {"metadata": _identity(active[0], "uid"), **body}),
    )


def _relabel(state: State) -> Step | None:
    """Say of each Pod that it is of the newest revision, if its own differs from that in sizes alone."""
    names = {_label(state.kind, each): each["data"]["spec"]["template"] for each in state.children}
    newest = _newest(state)
    patches = []
    for pod in state.pods:
        label = (pod.metadata.labels or {}).get(_REVISION, "")
        if label == newest:
            continue
        if label not in names or newest not in names or not differs_in_size_only(names[label], names[newest]):
            if state.is_held:
                return _changed_by_others(state)
            continue  # its owner replaces Pods by hand, and has not yet replaced this one
        patches.append(Patch("Pod", pod.name, {"metadata": {"uid": pod.uid, "labels": {_REVISION: newest}}}))
    return tuple(patches) or None


def _newest(state: State) -> str:
    if state.kind == "StatefulSet":
        return str(state.owner["status"].get("updateRevision", ""))
    newest = max(state.children, key=lambda each: each["revision"], default=None)
    return _label(state.kind, newest) if newest else ""


def _label(kind: str, revision: Json) -> str:
    """What Pods of a revision are labelled with."""
    metadata = revision["metadata"]
    return str(
        metadata["name"] if kind == "StatefulSet" else (metadata.get("labels") or {}).get(_REVISION, "")
    )


def _changed_by_others(state: State) -> Stuck:
    kind, name = state.kind.lower(), state.owner["metadata"]["name"]
    namespace = state.owner["metadata"]["namespace"]
    if state.kind == "Deployment":
        command = f"kubectl rollout resume {kind}/{name} -n {namespace}"
    else:
        body = _released(state)
        del body["metadata"]["resourceVersion"], body["metadata"]["uid"]
        command = (
            f"kubectl patch {kind}/{name} -n {namespace} --type=merge -p {shlex.quote(json.dumps(body))}"
        )
    return Stuck(
        "its template was changed by somebody else meanwhile, and it replaces no Pods until it is released",
        f"to let it replace them: {command}",
    )


def _replaces_deleted_only(state: State) -> bool:
    return bool(state.owner["spec"]["updateStrategy"].get("type") == _ON_DELETE)


def _identity(obj: Json, *keys: str) -> Json:
    return {key: obj["metadata"][key] for key in keys}
