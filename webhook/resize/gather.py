"""The facts of a plan, read from the cluster: what cannot be read is said, and never taken for nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from urllib.parse import quote

import msgspec
from kubernetes.client import ApiClient, ApiException
from msgspec import Struct, structs

from webhook.audit.costs.autoscalers import Autoscaler
from webhook.audit.costs.objects import AUTOSCALERS, usage_in
from webhook.cluster.failures import failure
from webhook.cluster.pager import Object, Resource, objects
from webhook.cluster.part import ClusterPart
from webhook.cluster.reads import as_cluster_error, empty_if_not_served, in_namespace
from webhook.cluster.request import request
from webhook.cluster.version import minor_version
from webhook.model.names import QOS_RESOURCES
from webhook.model.pod import ResourceList
from webhook.model.quantity import milli
from webhook.resize.facts import Allowed, Case, Facts, Node, PodUsage, VerticalAutoscaler
from webhook.resize.owners import ENDED, PODS, Owner, topmost
from webhook.resize.plan import Plan
from webhook.resize.pod import Pod
from webhook.resize.rules import added_requests, counted_requests
from webhook.usage.kubelet_summary import Summary, kubelet_summary
from webhook.usage.measured import ContainerUsage
from webhook.workloads.workload import Ref, kind_of


class Nodes:
    """With all Pods on them, and what these use.

    Each is read once: a run over many owners counts what it adds itself.
    """

    def __init__(self, api: ApiClient) -> None:
        self._api = api
        self._nodes: dict[str, Node | None] = {}
        self._summaries: dict[str, Summary | None] = {}

    def read(self, names: set[str], part: ClusterPart) -> dict[str, Node]:
        """What may not be read is noted in `part`, and left out. Raises ClusterError."""
        for name in sorted(names - self._nodes.keys()):
            self._nodes[name] = _node(self._api, name, part)
        return {name: node for name in names if (node := self._nodes[name])}

    def summary(self, name: str) -> Summary | None:
        """What its kubelet measures; None if it cannot be asked. Raises ClusterError."""
        if name not in self._summaries:
            self._summaries[name] = kubelet_summary(self._api, name)
        return self._summaries[name]

    def add(self, plan: Plan) -> None:
        """What its Pods request more once it is carried out."""
        for each in plan.due:
            node = self._nodes.get(each.pod.node)
            if node:
                case = Case(pod=each.pod, changes=each.changes, facts=Facts(), allowed=Allowed())
                added = added_requests(case)
                requested = {key: node.requested.get(key, 0) + added[key] for key in QOS_RESOURCES}
                self._nodes[each.pod.node] = structs.replace(node, requested=requested)


def gather(
    api: ApiClient, owner: Owner, pods: Iterable[Pod], part: ClusterPart, nodes: Nodes | None = None
) -> Facts:
    """Raises ClusterError; what may not be read is noted in `part`."""
    nodes = nodes or Nodes(api)
    pods, top = list(pods), topmost(api, owner)
    namespace = owner.ref.namespace
    reading = ClusterPart(namespace, [])
    autoscalers: list[Autoscaler] = []
    with reading.note_if_forbidden(AUTOSCALERS.name, _MAY_REACT), as_cluster_error(AUTOSCALERS.name):
        autoscalers += objects(api, in_namespace(AUTOSCALERS, namespace), [])
    vertical = tuple(_vertical(api, top.ref, reading))
    return Facts(
        kubernetes=minor_version(api),
        nodes=nodes.read({each.node for each in pods if each.node}, part),
        usage=_usage(api, namespace, pods, nodes),
        autoscalers=tuple(each for each in autoscalers if each.target == top.ref),
        vertical=vertical,
        knows_autoscalers=not reading.unreadable,
        rollout=top.rollout,
    )


_MAY_REACT = "whether one reacts to a resize is unknown"


class _NodeInfo(Struct, frozen=True):
    kubeletVersion: str = ""


class _NodeStatus(Struct, frozen=True):
    allocatable: ResourceList = {}
    nodeInfo: _NodeInfo = _NodeInfo()


class _Node(Struct, frozen=True):
    status: _NodeStatus = _NodeStatus()


_NODES = msgspec.json.Decoder(_Node)
_VERSION = re.compile(r"v1\.(\d{1,4})\b", re.ASCII)


def _node(api: ApiClient, name: str, part: ClusterPart) -> Node | None:
    node: Node | None = None
    with part.note_if_forbidden("nodes", "their room and their version are unknown"):
        with as_cluster_error(f"node {name}"):
            status = _NODES.decode(request(api, "GET", f"/api/v1/nodes/{quote(name, safe='')}")).status
        version = _VERSION.match(status.nodeInfo.kubeletVersion)
        kubelet = int(version[1]) if version else None
        node = Node(kubelet=kubelet)
        with part.note_if_forbidden("pods of all namespaces", "the room of Nodes is unknown"):
            requested = _requested(api, name)
            allocatable = {key: milli(status.allocatable.get(key)) for key in QOS_RESOURCES}
            node = Node(kubelet=kubelet, allocatable=allocatable, requested=requested)
    return node


def _requested(api: ApiClient, node: str) -> Mapping[str, int]:
    total: Counter[str] = Counter()
    selector = f"spec.nodeName={node},{ENDED[1]}"
    with as_cluster_error("pods"):
        for pod in objects(api, PODS, [("fieldSelector", selector)]):
            total.update(counted_requests(pod))
    return total


def _usage(api: ApiClient, namespace: str, pods: list[Pod], nodes: Nodes) -> dict[str, PodUsage]:
    """By the kubelets, as they count it; for Pods whose kubelet may not be asked, by the metrics API."""
    usage: dict[str, PodUsage] = {}
    for pod in pods:
        summary = nodes.summary(pod.node) if pod.node else None
        if summary and (containers := summary.get(pod.uid)):
            usage[pod.name] = PodUsage(containers=containers, has_cache=True)
    if any(each.name not in usage for each in pods):
        for name, measured in _by_metrics_api(api, namespace):
            usage.setdefault(name, measured)
    return usage


def _by_metrics_api(api: ApiClient, namespace: str) -> Iterator[tuple[str, PodUsage]]:
    resource = usage_in(namespace)
    try:
        for name, usage in objects(api, resource, []):
            sizes = {
                container: ContainerUsage(memory=amounts.get("memory", 0), cpu=amounts.get("cpu", 0))
                for container, amounts in usage.containers.items()
            }
            yield name, PodUsage(containers=sizes)
    except ApiException as error:
        # Not served, not permitted, or its server does not answer: then usage is unknown, which refuses.
        if error.status not in (HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN, HTTPStatus.SERVICE_UNAVAILABLE):
            raise failure(resource.name, error) from error


class _TargetRef(Struct, frozen=True):
    apiVersion: str = ""
    kind: str = ""
    name: str = ""


class _UpdatePolicy(Struct, frozen=True):
    updateMode: str | None = None


class _ContainerPolicy(Struct, frozen=True):
    containerName: str = ""
    mode: str | None = None
    controlledResources: list[str] | None = None


class _ResourcePolicy(Struct, frozen=True):
    containerPolicies: list[_ContainerPolicy] | None = None


class _VerticalSpec(Struct, frozen=True):
    targetRef: _TargetRef | None = None
    updatePolicy: _UpdatePolicy | None = None
    resourcePolicy: _ResourcePolicy | None = None


class _Vertical(Struct, frozen=True):
    spec: _VerticalSpec = _VerticalSpec()


def _vertical_of(obj: Object) -> tuple[str, _VerticalSpec]:
    return obj.metadata.name, msgspec.json.decode(obj.raw, type=_Vertical).spec


_VERTICAL = Resource(
    "verticalpodautoscalers",
    "/apis/autoscaling.k8s.io/v1/verticalpodautoscalers",
    _vertical_of,
    is_custom=True,
)
# These change a Pod at most when it is created.
_HARMLESS = ("Off", "Initial")


def _vertical(api: ApiClient, owner: Ref, part: ClusterPart) -> Iterator[VerticalAutoscaler]:
    for target, each in vertical_autoscalers(api, owner.namespace, part):
        if target == owner:
            yield each


def vertical_autoscalers(
    api: ApiClient, namespace: str, part: ClusterPart
) -> Iterator[tuple[Ref, VerticalAutoscaler]]:
    """Those that change running Pods, each with its target. Raises ClusterError."""
    resource = in_namespace(_VERTICAL, namespace)
    with (
        part.note_if_forbidden(resource.name, _MAY_REACT),
        as_cluster_error(resource.name),
        empty_if_not_served(resource),
    ):
        for name, spec in objects(api, resource, []):
            mode = (spec.updatePolicy and spec.updatePolicy.updateMode) or "Auto"
            target = spec.targetRef
            if target and mode not in _HARMLESS:
                policies = (spec.resourcePolicy and spec.resourcePolicy.containerPolicies) or ()
                controls = {
                    each.containerName: frozenset(
                        () if each.mode == "Off" else each.controlledResources or QOS_RESOURCES
                    )
                    for each in policies
                }
                ref = Ref(kind_of(target.apiVersion, target.kind), namespace, target.name)
                yield ref, VerticalAutoscaler(name, mode, {"*": frozenset(QOS_RESOURCES), **controls})
