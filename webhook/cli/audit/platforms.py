"""The flags of an audit that ask for a platform, and what is known of images then."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from webhook.audit.platforms import Platforms
from webhook.cli.common.terminal import warn
from webhook.errors import UsageError
from webhook.images.cache import read_cache
from webhook.images.evidence import Evidence, Knowledge

if TYPE_CHECKING:
    from webhook.audit.costs.capacity import Node
    from webhook.cluster.client import Api


class Arch(StrEnum):
    """For which there are findings."""

    ARM64 = "arm64"


OfArch = Annotated[Arch | None, typer.Option("--arch", help="Also whether owners would run on ARM64.")]
PlatformsFile = Annotated[
    str,
    typer.Option(
        "--platforms", metavar="FILE", help="With --arch, what `podtailor images --cache FILE` has found."
    ),
]


class PlatformOptions:
    def __init__(self, arch: Arch | None, file: str, max_age: timedelta) -> None:
        """Raises UsageError, InvalidInputError."""
        if file and not arch:
            raise UsageError("--platforms is for --arch arm64")
        self._arch = arch
        self._evidence = read_cache(file) if file else []
        self._max_age = round(max_age.total_seconds())
        self._now = int(time.time())

    @property
    def is_asked(self) -> bool:
        return self._arch is not None

    def of_manifests(self) -> Platforms | None:
        """By the file alone."""
        return self._of([], [])

    def of_cluster(self, api: Api, namespace: str | None) -> Platforms | None:
        """By what runs there too. Raises ClusterError."""
        if not self._arch:
            return None
        from webhook.audit.costs.objects import NODES
        from webhook.cluster.pager import objects
        from webhook.cluster.part import ClusterPart
        from webhook.cluster.reads import as_cluster_error
        from webhook.images.cluster import running_images

        # Of its own: what may not be read here decides about platforms, and about nothing else.
        part = ClusterPart(namespace, [])
        nodes: list[Node] = []
        seen = running_images(api, part, now=self._now).evidence
        with (
            part.note_if_forbidden(NODES.name, "on which platforms images run is unknown"),
            as_cluster_error(NODES.name),
        ):
            nodes += objects(api, NODES, [])
        for note in dict.fromkeys(part.unreadable or ()):
            warn(note, name="incomplete-view")
        return self._of(seen, nodes)

    def _of(self, seen: Sequence[Evidence], nodes: Sequence[Node]) -> Platforms | None:
        if not self._arch:
            return None
        known = Knowledge([*self._evidence, *seen], now=self._now, max_age=self._max_age)
        return Platforms(self._arch, known, nodes)
