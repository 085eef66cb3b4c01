"""Whether new Pods of an owner are tailored: by a dry run before a rollout, and by its Pods afterwards.

A webhook that is configured may still not answer. So the API server is asked what a new Pod would be.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from kubernetes.client import ApiClient

from webhook.audit.cluster.workloads import Cluster, Selection, live_pod
from webhook.cluster.reads import as_cluster_error
from webhook.cluster.request import request
from webhook.engine.evaluate import evaluate
from webhook.engine.snapshot import Request, Snapshot
from webhook.model.pod import PodView
from webhook.resize.new_pod import created_as_dry_run
from webhook.retrofit.rollout import path_of
from webhook.workloads.workload import Ref


def fields_a_new_pod_lacks(api: ApiClient, owner: Ref, snapshot: Snapshot) -> list[str]:
    """What a new Pod of a Deployment, StatefulSet or DaemonSet would lack; empty if it is tailored.

    Raises ClusterError, also if the Pod is refused.
    """
    with as_cluster_error(str(owner)):
        obj = msgspec.json.decode(request(api, "GET", path_of(owner)))
    created = created_as_dry_run(api, {"kind": owner.kind, "apiVersion": "apps/v1", **obj})
    return _lacked(live_pod(created).admitted, owner.namespace, snapshot)


def pods_lacking_fields(api: ApiClient, owner: Ref, snapshot: Snapshot) -> Iterator[tuple[str, list[str]]]:
    """Names of live Pods of an owner, each with the fields that it lacks. Raises ClusterError."""
    selection = Selection(namespace=owner.namespace, kinds=frozenset({owner.kind}))
    for each in Cluster(api, snapshot, selection, lambda *_: None).workloads():
        if each.is_live and each.owner == owner and not each.problem:
            lacked = _lacked(each.admitted, owner.namespace, snapshot)
            if lacked:
                yield each.ref.name, lacked


def _lacked(pod: PodView, namespace: str, snapshot: Snapshot) -> list[str]:
    return [change.field for change in evaluate(Request(namespace, pod), snapshot).outcome.changes]
