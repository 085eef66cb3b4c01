"""The owners of a cluster with their Pods, autoscalers, quotas and Nodes."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import msgspec
from msgspec import Struct, structs

from webhook.audit.costs.autoscalers import Autoscaler
from webhook.audit.costs.capacity import Node
from webhook.audit.costs.objects import AUTOSCALERS, NODES
from webhook.audit.demand import demand
from webhook.cli.common.terminal import warn
from webhook.cli.recommend.owners import Owned, found_in, pods_in_a_rollout
from webhook.cluster.client import Api
from webhook.cluster.pager import Object, Resource, keep_object, objects
from webhook.cluster.part import ClusterPart
from webhook.cluster.reads import as_cluster_error, in_namespace
from webhook.engine.snapshot import Request, Snapshot
from webhook.model.quantity import milli
from webhook.recommend.owner import NodeSize, Quota
from webhook.recommend.states import Found
from webhook.resize.gather import vertical_autoscalers
from webhook.resize.owners import ENDED, PODS
from webhook.usage.live_owners import live_owners
from webhook.workloads.builtin_plugins import Plugins
from webhook.workloads.controllers import CONTROLLERS
from webhook.workloads.templates import Manifest, manifests_of
from webhook.workloads.workload import Ref

Json = dict[str, Any]
# These have no subresource `scale`, by which a HorizontalPodAutoscaler changes their number of Pods.
_NEVER_SCALED = ("DaemonSet", "Job", "CronJob")


class ClusterOwners:
    """Reads the owners of one namespace after the other."""

    def __init__(self, api: Api, snapshot: Snapshot, plugins: Plugins, part: ClusterPart) -> None:
        """Raises ClusterError."""
        self._api = api
        self._snapshot = snapshot
        self._plugins = plugins
        self._part = part
        self._nodes: list[Node] = []
        with (
            part.note_if_forbidden("nodes", "whether a Pod fits on one is unknown"),
            as_cluster_error("nodes"),
        ):
            self._nodes += objects(api, NODES, [])

    def of(self, namespace: str, only: Collection[Ref], selector: str = "") -> list[Owned]:
        """The topmost owners, by kind and name; `only` these if it names any. Raises ClusterError."""
        with as_cluster_error("pods"):
            pods = list(objects(self._api, in_namespace(PODS, namespace), [ENDED]))
        owners = live_owners(self._api, namespace)
        scaled = self._autoscalers(namespace)
        vertical = list(vertical_autoscalers(self._api, namespace, self._part))
        quotas = tuple(self._quotas(namespace))
        made = []
        for obj, manifest, ref in self._controllers(namespace, selector):
            if only and ref not in only:
                continue
            mine = tuple(each for each in pods if owners.get(each.name) == ref)
            one = found_in(obj, manifest, ref, mine, self._snapshot, self._plugins)
            scaling = tuple(each for each in scaled or () if each.target == ref)
            state = structs.replace(
                one.state,
                autoscalers=scaling,
                knows_autoscalers=scaled is not None or ref.kind in _NEVER_SCALED,
                most_pods=pods_in_a_rollout(
                    obj, max(one.state.most_pods, *(each.max_pods for each in scaling), 0)
                ),
                vertical=tuple(each for target, each in vertical if target == ref),
                quotas=quotas,
                nodes=self._nodes_for(one),
            )
            made.append(Owned(found=structs.replace(one, state=state), obj=obj, pods=mine))
        return made

    def _controllers(self, namespace: str, selector: str) -> Iterator[tuple[Json, Manifest, Ref]]:
        query = [("labelSelector", selector)] if selector else []
        for kind in CONTROLLERS:
            resource = Resource(kind.plural, kind.path(namespace), keep_object)
            with as_cluster_error(kind.plural):
                for each in objects(self._api, resource, query):
                    obj = {"apiVersion": kind.version, "kind": kind.kind, **msgspec.json.decode(each.raw)}
                    if any(one.get("controller") for one in obj["metadata"].get("ownerReferences") or ()):
                        continue
                    for manifest in manifests_of(obj):
                        yield obj, manifest, Ref(kind.kind, namespace, each.metadata.name)

    def _autoscalers(self, namespace: str) -> list[Autoscaler] | None:
        """None if they may not be read."""
        answers: list[list[Autoscaler]] = []
        unknown = "whether one goes by a request is unknown"
        with self._part.note_if_forbidden(AUTOSCALERS.name, unknown), as_cluster_error(AUTOSCALERS.name):
            answers.append(list(objects(self._api, in_namespace(AUTOSCALERS, namespace), [])))
        return answers[0] if answers else None

    def _quotas(self, namespace: str) -> list[Quota]:
        quotas: list[Quota] = []
        with (
            self._part.note_if_forbidden(QUOTAS.name, "whether there is room in them is unknown"),
            as_cluster_error(QUOTAS.name),
        ):
            for each in objects(self._api, in_namespace(QUOTAS, namespace), []):
                if isinstance(each, Quota):
                    quotas.append(each)
                else:
                    warn(f"{namespace}: {each}", name="scoped-quota")
        return quotas

    def _nodes_for(self, one: Found) -> tuple[NodeSize, ...]:
        request = Request(one.workload.ref.namespace, one.workload.admitted)
        needs = demand(self._snapshot.subject(request), (), one.workload.overhead)
        return tuple(NodeSize(each.name, each.allocatable) for each in self._nodes if each.matches(needs))


class _QuotaSpec(Struct, frozen=True):
    scopes: list[str] | None = None
    scopeSelector: Json | None = None  # noqa: N815 (as in the API)


class _QuotaStatus(Struct, frozen=True):
    hard: dict[str, str] | None = None
    used: dict[str, str] | None = None


class _ResourceQuota(Struct, frozen=True):
    spec: _QuotaSpec = _QuotaSpec()
    status: _QuotaStatus = _QuotaStatus()


# `cpu` is another name of `requests.cpu` (k8s.io/kubernetes `pkg/quota/v1/evaluator/core/pods.go`).
_KEYS = {"cpu": "requests.cpu", "memory": "requests.memory"}


def _quota(obj: Object) -> Quota | str:
    """For one with scopes, which counts some of the Pods only, a note that it is left out."""
    read = msgspec.json.decode(obj.raw, type=_ResourceQuota)
    if read.spec.scopes or read.spec.scopeSelector:
        return f"ResourceQuota {obj.metadata.name} has scopes, so whether there is room in it is unknown"
    hard, used = (
        {_KEYS.get(key, key): milli(value) for key, value in (amounts or {}).items()}
        for amounts in (read.status.hard, read.status.used)
    )
    return Quota(obj.metadata.name, hard, used)


QUOTAS = Resource("resourcequotas", "/api/v1/resourcequotas", _quota)
