"""Where images run: of Pods whose containers were ready, or ended well, on Nodes of known platforms. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from webhook.images.evidence import Evidence
from webhook.images.reference import parse_reference
from webhook.model.image_platforms import Level

_ARCH, _OS = "kubernetes.io/arch", "kubernetes.io/os"


class _Terminated(Struct, frozen=True):
    exitCode: int = 1


class _State(Struct, frozen=True):
    terminated: _Terminated | None = None


class ContainerStatus(Struct, frozen=True):
    name: str = ""
    imageID: str = ""
    ready: bool = False
    state: _State | None = None

    @property
    def ran(self) -> bool:
        """Ready; or it ended well, as an init container or the container of a Job does."""
        ended = self.state and self.state.terminated
        return self.ready or bool(ended and ended.exitCode == 0)


class PodStatus(Struct, frozen=True):
    containerStatuses: list[ContainerStatus] | None = None
    initContainerStatuses: list[ContainerStatus] | None = None


class Container(Struct, frozen=True):
    name: str = ""
    image: str | None = None


class PodSpec(Struct, frozen=True):
    nodeName: str | None = None
    containers: list[Container] | None = None
    initContainers: list[Container] | None = None


class RunningPod(Struct, frozen=True):
    """The fields of a Pod that say what ran where. Ephemeral containers are no part of it."""

    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()

    @property
    def ran(self) -> Iterator[tuple[str, str]]:
        """Images as they are written, with the `imageID` of each."""
        statuses = (*(self.status.containerStatuses or ()), *(self.status.initContainerStatuses or ()))
        images = {
            each.name: each.image or ""
            for each in (*(self.spec.containers or ()), *(self.spec.initContainers or ()))
        }
        yield from (
            (images[each.name], each.imageID) for each in statuses if each.ran and images.get(each.name)
        )


def platform_of(labels: Mapping[str, str]) -> str:
    """Of a Node by its labels, as `linux/arm64`; empty if it has none of its kubelet yet."""
    return f"{labels[_OS]}/{labels[_ARCH]}" if labels.get(_OS) and labels.get(_ARCH) else ""


def digest_of(image_id: str) -> str:
    """The digest in an `imageID`.

    Empty for the bare id of an image without a repository: no registry knows it.
    """
    return image_id.partition("@")[2]


def where_images_run(
    pods: Iterable[RunningPod], platforms: Mapping[str, str], *, now: int
) -> Iterator[Evidence]:
    """One piece for each image, digest and platform. `platforms`: of the Nodes, by their names."""
    nodes: dict[tuple[str, str, str], str] = {}
    for pod in pods:
        node = pod.spec.nodeName or ""
        platform = platforms.get(node)
        for image, image_id in pod.ran if platform else ():
            try:
                ref = str(parse_reference(image))
            except ValueError:  # a kubelet that takes it knows more than the specification
                continue
            key = (ref, digest_of(image_id), platform or "")
            nodes[key] = min(node, nodes.get(key, node))
    for (ref, digest, platform), node in sorted(nodes.items()):
        yield Evidence(
            ref=ref,
            digest=digest,
            platforms=frozenset({platform}),
            level=Level.RUNS,
            seen=now,
            source=f"Node {node}",
        )
