"""What the files of workloads say about autoscalers, LimitRanges and quotas.

What a cluster has of them is not known; only what the files say.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import structs

from webhook.audit.cluster.objects import DEFAULTS
from webhook.audit.costs.autoscalers import Autoscaler
from webhook.audit.costs.objects import AUTOSCALERS
from webhook.cli.common.manifests import LocatedManifest, objects_in
from webhook.cli.common.terminal import warn
from webhook.cli.recommend.cluster import QUOTAS
from webhook.cli.recommend.owners import OnError, Owned, of_manifests, pods_in_a_rollout, raise_error
from webhook.cluster.pager import Meta, Object
from webhook.cluster.snapshot_objects import LIMIT_RANGES, LimitRangeBounds, with_limit_range
from webhook.documents.files import Document
from webhook.documents.problems import OnProblem, Problem, ProblemName
from webhook.engine.snapshot import Snapshot
from webhook.model.names import QOS_RESOURCES
from webhook.model.pod_resources import SIDES, aggregate
from webhook.recommend.owner import OwnerState, Quota
from webhook.workloads.builtin_plugins import Defaults, Plugins

Json = dict[str, Any]
_GROUPS = {"HorizontalPodAutoscaler": "autoscaling", "LimitRange": "", "ResourceQuota": ""}
# Of an autoscaler without metrics (k8s.io/kubernetes `pkg/apis/autoscaling/v2/defaults.go`).
_DEFAULT_PERCENT = 80


class Beside:
    def __init__(self, documents: Iterable[Document], namespace: str, on_problem: OnProblem) -> None:
        """`namespace`: of objects that name none."""
        self._autoscalers: list[Autoscaler] = []
        self._bounds: list[LimitRangeBounds] = []
        self._defaults: dict[str, list[Defaults]] = {}
        self._quotas: dict[str, list[Quota]] = {}
        for document in documents:
            for at, obj in objects_in(document.data):
                kind = str(obj.get("kind"))
                if _GROUPS.get(kind) != str(obj.get("apiVersion")).rpartition("/")[0]:
                    continue
                try:
                    self._add(kind, obj, namespace)
                except (msgspec.MsgspecError, TypeError, ValueError) as error:
                    on_problem(Problem(ProblemName.INVALID_FIELD, document.place(at), f"{kind}: {error}"))

    def _add(self, kind: str, obj: Json, namespace: str) -> None:
        metadata = msgspec.convert(obj.get("metadata") or {}, Meta)
        metadata = structs.replace(metadata, namespace=metadata.namespace or namespace)
        if kind == "HorizontalPodAutoscaler":
            obj = {**obj, "spec": _with_metrics(obj.get("spec") or {})}
        if kind == "ResourceQuota":
            obj = {**obj, "status": {"hard": (obj.get("spec") or {}).get("hard")}}
        read = Object(metadata, msgspec.json.encode(obj))
        if kind == "HorizontalPodAutoscaler":
            self._autoscalers.append(AUTOSCALERS.read(read))
        elif kind == "LimitRange":
            self._bounds.append(LIMIT_RANGES.read(read))
            self._defaults.setdefault(metadata.namespace or "", []).append(DEFAULTS.read(read))
        elif isinstance(quota := QUOTAS.read(read), Quota):
            self._quotas.setdefault(metadata.namespace or "", []).append(quota)
        else:
            warn(f"{metadata.namespace}: {quota}", name="scoped-quota")

    def owners(
        self,
        manifests: Iterable[LocatedManifest],
        snapshot: Snapshot,
        namespace: str,
        on_error: OnError = raise_error,
    ) -> list[Owned]:
        located = list(manifests)
        bounded = self._bounded(snapshot, {each.ref(namespace).namespace for each in located})
        owners = list(of_manifests(located, bounded, namespace, Plugins(self._defaults), on_error))
        states = self._completed(owners)
        return [
            structs.replace(each, found=structs.replace(each.found, state=state))
            for each, state in zip(owners, states, strict=True)
        ]

    def _bounded(self, snapshot: Snapshot, names: Iterable[str]) -> Snapshot:
        """With the LimitRanges of these namespaces."""
        namespaces = {name: snapshot.namespace(name) for name in names}
        for each in self._bounds:
            if each.namespace in namespaces:
                namespaces[each.namespace] = with_limit_range(namespaces[each.namespace], each)
        return structs.replace(snapshot, namespaces=namespaces)

    def _completed(self, owners: Iterable[Owned]) -> list[OwnerState]:
        """With autoscalers and quotas. Of a quota, what the files have is used."""
        scaled = [self._scaled(each.found.state, each.obj) for each in owners]
        used: dict[str, dict[str, int]] = {}
        for state in scaled:
            sums = used.setdefault(state.ref.namespace, {})
            for resource in QOS_RESOURCES:
                for at, side in enumerate(SIDES):
                    pod = aggregate((each.kind, each.size(resource)[at] or 0) for each in state.containers)
                    key = f"{side}.{resource}"
                    sums[key] = sums.get(key, 0) + pod * state.pods
        return [
            structs.replace(
                state,
                quotas=tuple(
                    structs.replace(each, used=used[state.ref.namespace])
                    for each in self._quotas.get(state.ref.namespace, ())
                ),
            )
            for state in scaled
        ]

    def _scaled(self, state: OwnerState, obj: Json) -> OwnerState:
        scaling = tuple(each for each in self._autoscalers if each.target == state.ref)
        most = max(state.most_pods, *(each.max_pods for each in scaling), 0)
        return structs.replace(state, autoscalers=scaling, most_pods=pods_in_a_rollout(obj, most))


def _with_metrics(spec: Json) -> Json:
    """As version 2 has it once the API server has stored it."""
    if spec.get("metrics"):
        return spec
    percent = spec.get("targetCPUUtilizationPercentage", _DEFAULT_PERCENT)
    target = {"type": "Utilization", "averageUtilization": percent}
    return {**spec, "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]}
