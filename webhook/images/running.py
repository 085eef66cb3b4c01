"""Where images run: of Pods whose containers were ready, or ended well, on Nodes of known platforms. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from webhook.images.evidence import Evidence
from webhook.images.reference import parse_reference
from webhook.model.image_platforms import Level

PullSecrets = frozenset[tuple[str, str]]
"""Namespaces and names of Secrets."""
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


class PullSecret(Struct, frozen=True):
    name: str = ""


class PodSpec(Struct, frozen=True):
    nodeName: str | None = None
    imagePullSecrets: list[PullSecret] | None = None
    containers: list[Container] | None = None
    initContainers: list[Container] | None = None


class Metadata(Struct, frozen=True):
    namespace: str = ""


class RunningPod(Struct, frozen=True):
    """The fields of a Pod that say what ran where. Ephemeral containers are no part of it."""

    metadata: Metadata = Metadata()
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()

    @property
    def images(self) -> dict[str, str]:
        """As they are written, by container."""
        containers = (*(self.spec.containers or ()), *(self.spec.initContainers or ()))
        return {each.name: each.image for each in containers if each.image}

    @property
    def ran(self) -> Iterator[tuple[str, str]]:
        """Images as they are written, with the `imageID` of each."""
        statuses = (*(self.status.containerStatuses or ()), *(self.status.initContainerStatuses or ()))
        images = self.images
        yield from (
            (images[each.name], each.imageID) for each in statuses if each.ran and each.name in images
        )

    @property
    def pull_secrets(self) -> PullSecrets:
        """Admission has added those of the ServiceAccount."""
        named = self.spec.imagePullSecrets or ()
        return frozenset((self.metadata.namespace, each.name) for each in named if each.name)


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
            if ref := whole(image):
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


def pull_secrets_by_image(pods: Iterable[RunningPod]) -> dict[str, PullSecrets]:
    """By whole reference."""
    found: dict[str, PullSecrets] = {}
    for pod in pods:
        for ref in filter(None, map(whole, pod.images.values())) if pod.pull_secrets else ():
            found[ref] = found.get(ref, frozenset()) | pod.pull_secrets
    return found


def whole(image: str) -> str:
    """Its whole reference; empty for a text that is none, which a kubelet may take all the same."""
    try:
        return str(parse_reference(image))
    except ValueError:
        return ""
