"""What an API server does with what podtailor sets, reads and installs, with default feature gates.

An observation is a word, `taken`, `dropped`, `refused` or what else is seen, and after it the API server's own words.
A probe that observes something else on another version says why, and what that means for who runs podtailor there.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from tests.e2e.matrix.api import PLAIN, RANGED, TAILORED, Answer, Api, at
from tests.e2e.webhook import MANIFESTS
from tests.support.pods import Json, pod, yaml
from tools.crds import definitions

Observe = Callable[[Api], str]


class Probe(NamedTuple):
    what: str
    """A row of the page."""
    observe: Observe
    why: str = ""
    """Of a row that is not the same on every version."""


def _verdict(answer: Answer, word: str = "taken") -> str:
    if answer.refusal is not None:
        return f"refused: {answer.refusal}"
    return ": ".join([word, *(f"warning: {each}" for each in answer.warnings)])


def _stored(answer: Answer, sent: Json, path: str) -> str:
    """What became of the value at this path of what was sent."""
    stored, value = at(answer.body, path), at(sent, path)
    if stored == value:
        return _verdict(answer)
    return _verdict(answer, f"becomes `{json.dumps(stored)}`" if stored else "dropped")


def _pod(path: str, manifest: Json, namespace: str = PLAIN) -> Observe:
    return lambda api: _stored(api.create(manifest, namespace), manifest, f"spec.{path}")


def _value(path: str, manifest: Json, namespace: str = PLAIN) -> Observe:
    """What a new Pod has there, if it is created."""

    def observe(api: Api) -> str:
        answer = api.create(manifest, namespace)
        value = at(answer.body, path)
        return _verdict(answer, f"`{value if isinstance(value, str) else json.dumps(value)}`")

    return observe


# Why versions differ, and what that means.
_INIT_RESTART = "From 1.36 on ordinary init containers can be resized, but not by a restart, so the value is refused there. podtailor never sets it on them; if a template of yours does, remove it before the upgrade. `OnFailure` for one container is new in 1.35; 1.34 drops it."
_CONTAINER_RESTART = "Containers have a `restartPolicy` of their own from 1.35 on; 1.34 drops it. podtailor sets no `RestartContainer` where it is `Never`, as the container would stay down."
_MEMORY_LIMIT = "1.33 changes a memory limit downwards, or adds one, only together with a restart. On 1.33 set `RestartContainer` for memory if you want to decrease limits."
_RESIZE_INIT = (
    "Ordinary init containers can be resized from 1.36 on, if the kubelet of the Node says that it can."
)
_RESIZE_WHOLE = "A Pod that is sized as a whole can be resized from 1.36 on: its containers, and the Pod itself if the kubelet of the Node says that it can. On 1.33 it is a Pod like any other, as the field is dropped."
_NODE = "From 1.36 on the API server refuses what the Node cannot hold. Before, it takes the resize, and the kubelet reports it as infeasible in the Pod's conditions."
_DROPPED = "1.33 has the field behind a gate that is off, and drops it after webhooks. podtailor knows and sizes the containers, within the values that the Pod would have had."
_DROPPED_TOO = "What is dropped limits nothing."
_EMPTY = "Before 1.37 an empty `resources: {}` decides the QoS class, whatever the containers request, and podtailor leaves the containers alone. 1.37 takes it as unset, so they are sized."
_COMPLETED = "1.37 completes the values of the Pod from those of its containers after webhooks, limits too; older versions do so before, and without limits. `podtailor explain` names the class that results."
_DRA = "Dynamic resource allocation is off by default in 1.33: a Pod with claims starts without its device. The label `podtailor.dev/workload-type: gpu` works on all versions."
_MAP = "`MutatingAdmissionPolicy` is an alternative to a webhook from 1.36 on ([questions](faq.md#why-a-webhook-and-not-mutatingadmissionpolicy))."

# --- resizePolicy

_NOT_REQUIRED = "resizePolicy: [{resourceName: memory, restartPolicy: NotRequired}]"
_RESTART = "resizePolicy: [{resourceName: memory, restartPolicy: RestartContainer}]"
_SMALL = "resources: {requests: {cpu: 100m}}"
_GPU = "resources: {limits: {nvidia.com/gpu: 1}}"
_SIDECAR, _ON_FAILURE = "restartPolicy: Always,", "restartPolicy: OnFailure,"
_OF_APP, _OF_INIT = "containers.0.resizePolicy", "initContainers.0.resizePolicy"
_TWICE = "resizePolicy: [{resourceName: cpu, restartPolicy: NotRequired}, {resourceName: cpu, restartPolicy: NotRequired}]"


def _init(words: str) -> Json:
    return pod(f"initContainers: [{{name: i, image: i, {words}}}]")


def _ephemeral(api: Api) -> str:
    name = api.running(pod(metadata="name: debugged"))
    patch = yaml(f"spec: {{ephemeralContainers: [{{name: d, image: d, {_NOT_REQUIRED}}}]}}")
    return _stored(
        api.patch(name, patch, "ephemeralcontainers"), patch, "spec.ephemeralContainers.0.resizePolicy"
    )


_RESIZE_POLICY = (
    Probe("regular container, `NotRequired`", _pod(_OF_APP, pod(container=_NOT_REQUIRED))),
    Probe("regular container, `RestartContainer`", _pod(_OF_APP, pod(container=_RESTART))),
    Probe("sidecar, `NotRequired`", _pod(_OF_INIT, _init(_SIDECAR + _NOT_REQUIRED))),
    Probe("sidecar, `RestartContainer`", _pod(_OF_INIT, _init(_SIDECAR + _RESTART))),
    Probe("ordinary init container, `NotRequired`", _pod(_OF_INIT, _init(_NOT_REQUIRED))),
    Probe("ordinary init container, `RestartContainer`", _pod(_OF_INIT, _init(_RESTART)), _INIT_RESTART),
    Probe("init container with `restartPolicy: OnFailure`, `RestartContainer`", _pod(_OF_INIT, _init(_ON_FAILURE + _RESTART)), _INIT_RESTART),
    Probe("ephemeral container", _ephemeral),
    Probe("Pod with `restartPolicy: Never`, `NotRequired`", _pod(_OF_APP, pod("restartPolicy: Never", container=_NOT_REQUIRED))),
    Probe("Pod with `restartPolicy: Never`, `RestartContainer`", _pod(_OF_APP, pod("restartPolicy: Never", container=_RESTART))),
    Probe("regular container with `restartPolicy: Never`, `RestartContainer`", _pod(_OF_APP, pod(container=f"restartPolicy: Never\n{_RESTART}")), _CONTAINER_RESTART),
    Probe("a resource that is named twice", _pod(_OF_APP, pod(container=_TWICE))),
    Probe("`ephemeral-storage`", _pod(_OF_APP, pod(container="resizePolicy: [{resourceName: ephemeral-storage, restartPolicy: NotRequired}]"))),
    Probe("what the API server gives a container with requests", _value(f"spec.{_OF_APP}", pod(container=_SMALL))),
    Probe("what podtailor gives a container with a GPU", _value(f"spec.{_OF_APP}", pod(container=_GPU), TAILORED)),
    Probe("what podtailor gives a container with a GPU and `restartPolicy: Never`", _value(f"spec.{_OF_APP}", pod(container=f"restartPolicy: Never\n{_GPU}"), TAILORED), _CONTAINER_RESTART),
    Probe("what podtailor gives a sidecar", _value(f"spec.{_OF_INIT}", _init("restartPolicy: Always"), TAILORED)),
    Probe("what podtailor gives an ordinary init container", _value(f"spec.{_OF_INIT}", _init(""), TAILORED)),
)  # fmt: skip

# --- resizes

_MIXED = pod(
    "initContainers:\n"
    "- {name: init, image: i, resources: {requests: {cpu: 100m}}}\n"
    "- {name: sidecar, image: i, restartPolicy: Always, resources: {requests: {cpu: 100m}}}\n"
    "containers:\n"
    "- {name: plain, image: i, resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {cpu: '1', memory: 1Gi}}}\n"
    "- {name: restarts, image: i, resources: {requests: {memory: 64Mi}, limits: {memory: 1Gi}}, "
    f"{_RESTART}}}\n"
    "- {name: unlimited, image: i, resources: {requests: {memory: 64Mi}}}\n",
    metadata="name: mixed",
)
_WHOLE = pod("resources: {requests: {cpu: 500m}}", metadata="name: whole", container=_SMALL)
_BEST_EFFORT = pod(metadata="name: best-effort")
_WINDOWS = pod("os: {name: windows}\nnodeName: amd64", metadata="name: windows", container=_SMALL)
_MORE = "resources: {requests: {cpu: 200m}}"
_TOO_MUCH = "resources: {requests: {cpu: 100}, limits: {cpu: 100}}"
_FEATURES = ("InPlacePodVerticalScalingInitContainers", "InPlacePodLevelResourcesVerticalScaling")


def _resize(manifest: Json, container: str, change: str, *, field: str = "containers") -> Observe:
    patch = {"spec": yaml(f"{field}: [{{name: {container}, {change}}}]")}
    return lambda api: _verdict(api.patch(api.running(manifest), patch, "resize"))


def _resize_whole(api: Api) -> str:
    patch = {"spec": yaml("resources: {requests: {cpu: 600m}}")}
    return _stored(api.patch(api.running(_WHOLE), patch, "resize"), patch, "spec.resources.requests")


def _declared(observe: Observe) -> Observe:
    """On a Node whose kubelet says that it can: what kwok plays says nothing."""

    def declared(api: Api) -> str:
        path = "/api/v1/nodes/amd64/status"
        assert api.send("PATCH", path, {"status": {"declaredFeatures": sorted(_FEATURES)}}).status == 200
        try:
            return observe(api)
        finally:
            api.send("PATCH", path, {"status": {"declaredFeatures": None}})

    return declared


_RESIZES = (
    Probe("CPU request, more", _resize(_MIXED, "plain", _MORE)),
    Probe("memory limit, more", _resize(_MIXED, "plain", "resources: {limits: {memory: 2Gi}}")),
    Probe("memory limit, less", _resize(_MIXED, "plain", "resources: {limits: {memory: 512Mi}}"), _MEMORY_LIMIT),
    Probe("memory limit, less, with `RestartContainer`", _resize(_MIXED, "restarts", "resources: {limits: {memory: 512Mi}}")),
    Probe("memory limit of a container that has none", _resize(_MIXED, "unlimited", "resources: {limits: {memory: 512Mi}}"), _MEMORY_LIMIT),
    Probe("CPU request of a container that has none", _resize(_MIXED, "unlimited", "resources: {requests: {cpu: 100m}}")),
    Probe("a limit that is taken away", _resize(_MIXED, "plain", "resources: {limits: {cpu: null}}")),
    Probe("a request of a Pod of class BestEffort", _resize(_BEST_EFFORT, "app", _SMALL)),
    Probe("`ephemeral-storage`", _resize(_MIXED, "plain", "resources: {requests: {ephemeral-storage: 1Gi}}")),
    Probe("`resizePolicy`", _resize(_MIXED, "restarts", _NOT_REQUIRED)),
    Probe("sidecar", _resize(_MIXED, "sidecar", _MORE, field="initContainers")),
    Probe("ordinary init container", _declared(_resize(_MIXED, "init", _MORE, field="initContainers")), _RESIZE_INIT),
    Probe("ordinary init container, on a Node with an older kubelet", _resize(_MIXED, "init", _MORE, field="initContainers")),
    Probe("container of a Pod with Pod-level resources", _resize(_WHOLE, "app", _MORE), _RESIZE_WHOLE),
    Probe("Pod-level resources", _declared(_resize_whole), _RESIZE_WHOLE),
    Probe("Pod-level resources, on a Node with an older kubelet", _resize_whole, _RESIZE_WHOLE),
    Probe("more than the Node has", _resize(_MIXED, "plain", _TOO_MUCH), _NODE),
    Probe("Windows Pod", _resize(_WINDOWS, "app", _MORE)),
)  # fmt: skip

# --- a Pod that is not new

_UPDATES = (
    Probe("resources", lambda api: _verdict(_update(api, f"containers: [{{name: app, {_SMALL}}}]"))),
    Probe(
        "`resizePolicy`", lambda api: _verdict(_update(api, f"containers: [{{name: app, {_NOT_REQUIRED}}}]"))
    ),
    Probe("node selector", lambda api: _verdict(_update(api, "nodeSelector: {a: b}"))),
    Probe(
        "one more toleration", lambda api: _verdict(_update(api, "tolerations: [{key: a, operator: Exists}]"))
    ),
)


def _update(api: Api, change: str) -> Answer:
    return api.patch(api.running(_BEST_EFFORT), {"spec": yaml(change)})


# --- Pod-level resources

_CEILING = "resources: {limits: {cpu: 50m}}"
_LIMITED = "resources: {limits: {cpu: '2'}}"
_AMOUNTS = "{cpu: '1', memory: 1Gi}"
_POD_LEVEL = (
    Probe("`spec.resources`", _pod("resources", pod("resources: {requests: {cpu: '1'}, limits: {cpu: '2'}}")), _DROPPED),
    Probe("a container's limit above the Pod's", _pod("containers.0.resources.limits", pod("resources: {limits: {cpu: '1'}}", container=_LIMITED)), _DROPPED_TOO),
    Probe("the requests of the containers above the Pod's", _pod("containers.0.resources.requests", pod("resources: {requests: {cpu: 50m}}", container=_SMALL)), _DROPPED_TOO),
    Probe("QoS class of a Pod with limits, its containers with nothing", _value("status.qosClass", pod("resources: {limits: {cpu: '1', memory: 1Gi}}")), _DROPPED_TOO),
    Probe("what podtailor gives a container, with a limit of 50m CPU for the Pod", _value("spec.containers.0.resources", pod(_CEILING), TAILORED), _DROPPED),
    Probe("QoS class of a Pod with `resources: {}`, its container with a request", _value("status.qosClass", pod("resources: {}", container=_SMALL)), _EMPTY),
    Probe("what podtailor gives a container then", _value("spec.containers.0.resources", pod("resources: {}"), TAILORED), _EMPTY),
    Probe("QoS class of a Pod with requests, its container with limits of the same amounts", _value("status.qosClass", pod(f"resources: {{requests: {_AMOUNTS}}}", container=f"resources: {{limits: {_AMOUNTS}}}")), _COMPLETED),
    Probe("LimitRange whose defaults are above the Pod's limit", _value("spec.containers.0.resources", pod(_CEILING), RANGED), _DROPPED_TOO),
)  # fmt: skip

# --- what else a Pod has

_CLAIM = pod(
    "resourceClaims: [{name: c, resourceClaimName: c}]", container="resources: {claims: [{name: c}]}"
)
_DEVICE_CLASS = pod(container="resources: {limits: {deviceclass.resource.kubernetes.io/gpu: '1'}}")
_GT = pod("tolerations: [{key: a, operator: Gt, value: '1', effect: NoSchedule}]")
_PODS = (
    Probe("`restartPolicy` of a regular container", _pod("containers.0.restartPolicy", pod(container="restartPolicy: Never")), _CONTAINER_RESTART),
    Probe("`resourceClaims`", _pod("resourceClaims", _CLAIM), _DRA),
    Probe("a device by its DeviceClass: `deviceclass.resource.kubernetes.io/gpu`", _pod("containers.0.resources.limits", _DEVICE_CLASS)),
    Probe("`nvidia.com/gpu`, a limit only", _value("spec.containers.0.resources", pod(container=_GPU))),
    Probe("toleration with operator `Gt`", _pod("tolerations.0", _GT)),
    Probe("a field that no version has", _pod("futureField", pod("futureField: 1"))),
    Probe("a field that no version has, with `fieldValidation=Strict`", lambda api: _verdict(api.create(pod("futureField: 1"), query="&fieldValidation=Strict"))),
    Probe("LimitRange whose default limit is below the container's own request", _pod("containers.0.resources", pod(container="resources: {requests: {cpu: '9'}}"), RANGED)),
)  # fmt: skip

# --- what is installed


def _installed(path: str, sent: Json) -> Observe:
    """Whether it is taken with every field, unknown ones refused."""

    def observe(api: Api) -> str:
        answer = api.send("POST", f"{path}?dryRun=All&fieldValidation=Strict", sent)
        return _verdict(answer, "taken" if _holds(answer.body, sent) else "taken in part")

    return observe


def _holds(stored: Any, sent: Any) -> bool:
    if isinstance(sent, dict):
        return isinstance(stored, dict) and all(_holds(stored.get(key), sent[key]) for key in sent)
    if isinstance(sent, list):
        return isinstance(stored, list) and all(map(_holds, stored, sent)) and len(stored) == len(sent)
    return bool(stored == sent)


def _definition(kind: str) -> Json:
    """Under another name: the real ones are installed."""
    (definition,) = (each for each in definitions().values() if each["spec"]["names"]["kind"] == kind)
    text = json.dumps(definition).replace("podtailor.dev", "probes.podtailor.dev")
    made: Json = json.loads(text)
    made["metadata"].setdefault("annotations", {})["api-approved.kubernetes.io"] = "unapproved, a test"
    return made


def _hook() -> Json:
    hook: Json = yaml((MANIFESTS / "mutatingwebhookconfiguration.yaml").read_text())
    hook["metadata"]["name"] = "probes"
    return hook


def _served(group: str, resource: str) -> Observe:
    def observe(api: Api) -> str:
        versions = [each["version"] for each in api.send("GET", f"/apis/{group}").body.get("versions", ())]
        having = [each for each in versions if resource in _resources(api, f"/apis/{group}/{each}")]
        return f"`{', '.join(having)}`" if having else "not served"

    return observe


def _resources(api: Api, path: str) -> set[str]:
    return {each["name"] for each in api.send("GET", path).body["resources"]}


_HOOKS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_INSTALLED = (
    Probe("webhook configuration: selectors, `matchConditions`, every field", _installed(_HOOKS, _hook())),
    Probe("CRD ClusterWorkloadPolicy: schema, CEL rules, columns, every field", _installed(_DEFINITIONS, _definition("ClusterWorkloadPolicy"))),
    Probe("CRD WorkloadPolicy", _installed(_DEFINITIONS, _definition("WorkloadPolicy"))),
    Probe("MutatingAdmissionPolicy", _served("admissionregistration.k8s.io", "mutatingadmissionpolicies"), _MAP),
    Probe("ResourceClaim", _served("resource.k8s.io", "resourceclaims"), _DRA),
)  # fmt: skip

TOPICS = {
    "`resizePolicy` of a new Pod": _RESIZE_POLICY,
    "Resize of a running Pod": _RESIZES,
    "Change of a running Pod without a resize": _UPDATES,
    "Pod-level resources": _POD_LEVEL,
    "Other fields of a new Pod": _PODS,
    "What is installed or served": _INSTALLED,
}
