"""What the containers of a Node use, as its kubelet counts it: with the page cache.

The Summary API (k8s.io/kubelet `pkg/apis/stats/v1alpha1`) through the API server, which takes the right to
`get` `nodes/proxy`. A kubelet compares `usageBytes` with a new memory limit; the metrics API has the working
set alone, which is less.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import quote

import msgspec
from kubernetes.client import ApiClient, ApiException
from msgspec import Struct
from urllib3.exceptions import HTTPError

from webhook.cluster.reads import as_cluster_error
from webhook.cluster.request import request
from webhook.usage.measured import ContainerUsage

_SECONDS = 10


class _Cpu(Struct, frozen=True):
    usageNanoCores: int | None = None


class _Memory(Struct, frozen=True):
    usageBytes: int | None = None
    workingSetBytes: int | None = None


class _Container(Struct, frozen=True):
    name: str
    cpu: _Cpu | None = None
    memory: _Memory | None = None


class _PodRef(Struct, frozen=True):
    name: str
    namespace: str
    uid: str


class _Pod(Struct, frozen=True):
    podRef: _PodRef
    containers: list[_Container] | None = None


class _Summary(Struct, frozen=True):
    pods: list[_Pod] = []


_DECODER = msgspec.json.Decoder(_Summary)


Summary = Mapping[str, Mapping[str, ContainerUsage]]
"""By uid of the Pod and name of the container."""


def kubelet_summary(api: ApiClient, node: str) -> Summary | None:
    """None if the kubelet cannot be asked.

    Containers of which the kubelet has no memory yet are left out. Raises ClusterError.
    """
    path = f"/api/v1/nodes/{quote(node, safe='')}/proxy/stats/summary"
    with as_cluster_error(f"usage on Node {node}"):
        try:
            body = request(api, "GET", path, query={"only_cpu_and_memory": "true"}, seconds=_SECONDS)
        except ApiException as error:
            if error.status == HTTPStatus.UNAUTHORIZED:
                raise
            return None  # forbidden, or the API server does not reach the kubelet
        except HTTPError:
            return None  # the API server waits longer for a kubelet than this for the API server
    return {
        pod.podRef.uid: {
            each.name: ContainerUsage(
                cpu=((each.cpu and each.cpu.usageNanoCores) or 0) // 10**6,
                memory=1000 * max(each.memory.usageBytes or 0, each.memory.workingSetBytes or 0),
            )
            for each in pod.containers or ()
            if each.memory and (each.memory.usageBytes or each.memory.workingSetBytes)
        }
        for pod in _DECODER.decode(body).pods
    }
