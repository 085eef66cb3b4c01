"""Read what runs where from a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

import msgspec
from msgspec import Struct

from webhook.cluster.client import Api
from webhook.cluster.pager import Object, Resource, keep_object, objects, pages
from webhook.cluster.part import ClusterPart
from webhook.cluster.reads import as_cluster_error, in_namespace, secret
from webhook.errors import InputError
from webhook.images.evidence import Evidence
from webhook.images.registry.credentials import DockerConfig, parse_docker_config, parse_dockercfg
from webhook.images.running import (
    PullSecrets,
    RunningPod,
    platform_of,
    pull_secrets_by_image,
    where_images_run,
)

_PODS = Resource("pods", "/api/v1/pods", keep_object)
_POD = msgspec.json.Decoder(RunningPod)
# Their images have not run to the end.
_NOT_FAILED = ("fieldSelector", "status.phase!=Failed")


class Running(Struct, frozen=True):
    evidence: tuple[Evidence, ...]
    pull_secrets: Mapping[str, PullSecrets]
    """By whole reference, those of the Pods that use it."""


def running_images(api: Api, part: ClusterPart, *, now: int) -> Running:
    """Of all Pods of this part of the cluster, also of those that have ended well.

    No evidence if the caller may read no Nodes, which is noted. Raises ClusterError.
    """
    platforms: dict[str, str] = {}
    with (
        part.note_if_forbidden(_NODES.name, "on which platforms images run is unknown"),
        as_cluster_error(_NODES.name),
    ):
        platforms = dict(objects(api, _NODES, []))
    with as_cluster_error(_PODS.name):
        pods = [*_pods(api, part.namespace)]
    return Running(tuple(where_images_run(pods, platforms, now=now)), pull_secrets_by_image(pods))


def read_pull_secrets(
    api: Api,
    named: Mapping[tuple[str, str], frozenset[str]],
    part: ClusterPart,
    on_invalid: Callable[[InputError], object],
) -> list[DockerConfig]:
    """`named`: by namespace and name, the repositories of the images of Pods that name the Secret.

    Without those that do not exist: a kubelet passes over them too. Raises ClusterError.
    """
    configs = []
    for (namespace, name), repositories in sorted(named.items()):
        data: Mapping[str, bytes] | None = None
        with part.note_if_forbidden("the pull secrets of Pods", "private registries may refuse"):
            data = secret(api, namespace, name)
        origin = f"Secret {namespace}/{name}"
        for key, parse in _FORMS.items():
            if data and key in data:
                try:
                    config = parse(data[key], origin)
                    configs.append(msgspec.structs.replace(config, repositories=repositories))
                except InputError as error:
                    on_invalid(error)
    return configs


_FORMS: Mapping[str, Callable[[bytes, str], DockerConfig]] = MappingProxyType(
    {".dockerconfigjson": parse_docker_config, ".dockercfg": parse_dockercfg}
)


def _pods(api: Api, namespace: str | None) -> Iterator[RunningPod]:
    for page in pages(api, in_namespace(_PODS, namespace), [_NOT_FAILED], allow_inconsistent=True):
        yield from map(_POD.decode, page.items or ())


def _platform(obj: Object) -> tuple[str, str]:
    return obj.metadata.name, platform_of(obj.metadata.labels or {})


_NODES = Resource("nodes", "/api/v1/nodes", _platform, metadata_only=True)
