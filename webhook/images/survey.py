"""Which owners use which images, and which of them would run on a platform. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from webhook.images.evidence import Knowledge
from webhook.model.image_platforms import ImagePlatforms, Level, lowest
from webhook.model.pod import NO_SPEC, ContainerView
from webhook.workloads.workload import Ref, Workload

# The kubelet of a Node makes these from its own files: they run nowhere else.
STATIC = "Node"


class Use(Struct, frozen=True, order=True):
    """An image in a container of an owner."""

    container: str
    image: str
    """As it is written."""
    is_injected: bool = False
    """Whether live Pods have the container, and the template does not."""


class Owner(Struct, frozen=True, kw_only=True):
    """What makes Pods, or a Pod alone, with the images of its containers."""

    ref: Ref
    pods: int
    """Live ones; for a manifest those that it makes."""
    cpu: int
    """What these request, in thousandths."""
    uses: tuple[Use, ...]
    """Those of init containers and sidecars too. Ephemeral containers come and go."""

    @property
    def images(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(each.image for each in self.uses))


class Survey:
    """Takes templates and live Pods in any order; then `owners` has them together."""

    def __init__(self) -> None:
        self._templates: dict[Ref, dict[str, set[str]]] = {}
        self._live: dict[Ref, dict[str, set[str]]] = {}
        self._pods: dict[Ref, int] = {}
        self._cpu: dict[Ref, int] = {}

    def add(self, workload: Workload, cpu: int) -> None:
        """`cpu`: what one Pod requests, in thousandths."""
        ref = workload.owner
        if workload.problem or ref.kind == STATIC:
            return
        is_of_template = ref == workload.ref  # also a Pod without an owner
        containers = (self._templates if is_of_template else self._live).setdefault(ref, {})
        for each in _containers(workload):
            containers.setdefault(each.name, set()).add(each.image or "")
        self._pods[ref] = self._pods.get(ref, 0) + workload.replicas
        self._cpu[ref] = self._cpu.get(ref, 0) + workload.replicas * cpu

    def owners(self) -> list[Owner]:
        """By namespace, kind and name."""
        return [self._owner(ref) for ref in sorted(self._pods, key=_by_namespace)]

    def _owner(self, ref: Ref) -> Owner:
        template, live = self._templates.get(ref), self._live.get(ref, {})
        # Admission may replace the image of a template, as `auto` of Istio: live Pods have what runs.
        uses = [
            Use(name, image, is_injected=template is not None and name not in template)
            for name, images in {**(template or {}), **live}.items()
            for image in images
            if image
        ]
        return Owner(ref=ref, pods=self._pods[ref], cpu=self._cpu[ref], uses=tuple(sorted(uses)))


def _containers(workload: Workload) -> Iterator[ContainerView]:
    spec = workload.written.spec or NO_SPEC
    yield from (*(spec.containers or ()), *(spec.initContainers or ()))


def _by_namespace(ref: Ref) -> tuple[str, ...]:
    return (ref.namespace, ref.kind, ref.name)


class Judged(Struct, frozen=True):
    """Whether the Pods of an owner would run on a platform."""

    owner: Owner
    level: Level
    """Of the image that is known least; NO before all."""
    stopped_by: tuple[Use, ...] = ()
    """Those of level NO."""
    unknown: tuple[Use, ...] = ()

    @property
    def would_run(self) -> bool:
        return self.level in (Level.RUNS, Level.SAYS)


class JudgedImage(Struct, frozen=True, kw_only=True):
    """One image, with the owners that use it."""

    image: str
    level: Level
    source: str
    """As of the evidence; of an image that does not run with what it has: `index: linux/amd64`."""
    seen: int
    owners: tuple[Owner, ...]

    @property
    def is_injected(self) -> bool:
        """Whether no template has it."""
        return all(use.is_injected for each in self.owners for use in each.uses if use.image == self.image)


def judge(owner: Owner, knowledge: Knowledge, platform: str) -> Judged:
    known: dict[str, ImagePlatforms] = {each: knowledge.platforms(each) for each in owner.images}

    def of(level: Level) -> tuple[Use, ...]:
        return tuple(each for each in owner.uses if known[each.image].level(platform) is level)

    return Judged(owner, lowest(known.values(), platform), of(Level.NO), of(Level.UNKNOWN))


def judge_images(owners: Iterable[Owner], knowledge: Knowledge, platform: str) -> list[JudgedImage]:
    """What stops owners first, then what is unknown; the most used before others."""
    users: dict[str, list[Owner]] = {}
    for owner in owners:
        for image in owner.images:
            users.setdefault(image, []).append(owner)
    images = [_image(image, several, knowledge, platform) for image, several in users.items()]
    return sorted(images, key=_by_need)


def _image(image: str, owners: list[Owner], knowledge: Knowledge, platform: str) -> JudgedImage:
    piece = knowledge.decisive(image, platform)
    level = knowledge.platforms(image).level(platform)
    source = piece.source if piece else ""
    if piece and level is Level.NO:
        source += f": {', '.join(sorted(piece.platforms))}"
    return JudgedImage(
        image=image,
        level=level,
        source=source,
        seen=piece.seen if piece else 0,
        owners=tuple(owners),
    )


_NEEDED_FIRST = (Level.NO, Level.UNKNOWN, Level.SAYS, Level.RUNS)


def _by_need(each: JudgedImage) -> tuple[Any, ...]:
    return (_NEEDED_FIRST.index(each.level), -len(each.owners), each.image)
