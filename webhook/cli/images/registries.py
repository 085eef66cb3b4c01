"""The flags that say whom to ask about images, and the asking."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Annotated

import typer
from msgspec import Struct

from webhook.cli.common.options import is_given
from webhook.cli.common.progress import progress
from webhook.errors import UsageError
from webhook.images.asking import Ask, asked, to_ask
from webhook.images.evidence import Evidence, Knowledge
from webhook.images.registry.image import ReadImage

AskWhom = Annotated[
    Ask | None,
    typer.Option(
        "--ask",
        help="Ask registries about images of which nothing is known, or about all tags. Without it never, "
        "and with -f alone what is missing.",
    ),
]
Mirrors = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="HOST=HOST/PATH",
        help="Ask another registry instead, as docker.io=mirror.example.com/hub (repeatable).",
    ),
]
PrivateHosts = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-private-addresses",
        metavar="HOST",
        help="A registry that may have a private address (repeatable).",
    ),
]
_HOST = r"[\w.-]+(?::\d+)?"
_MIRROR = re.compile(rf"({_HOST})=({_HOST}(?:/[\w.-]+)*)", re.ASCII)


class Registries(Struct, frozen=True):
    ask: Ask
    mirrors: dict[str, str]
    private_hosts: Sequence[str]

    def evidence(self, images: Iterable[str], known: Knowledge, platform: str, *, now: int) -> list[Evidence]:
        """Of what they are to be asked for."""
        references = to_ask(images, known, platform, self.ask)
        if not references:
            return []
        from webhook.images.registry.client import Registry

        contents = {
            each.digest: ReadImage(each.digest, each.platforms, each.source) for each in known.contents
        }
        registry = Registry(known=contents, private_hosts=self.private_hosts)
        found = []
        with progress() as on_progress:
            for each in asked(references, registry.platforms, self.mirrors, now=now):
                found.append(each)
                on_progress("images", len(found), len(references))
        return found


def registries_of(
    ctx: typer.Context,
    ask: Ask | None,
    mirrors: Sequence[str] | None,
    private_hosts: Sequence[str] | None,
    *,
    reads_cluster: bool,
) -> Registries:
    """Raises UsageError."""
    asks = ask or (Ask.NEVER if reads_cluster else Ask.MISSING)
    for name in ("map_", "allow_private_addresses"):
        if asks is Ask.NEVER and is_given(ctx, name):
            flag = f"--{name.rstrip('_').replace('_', '-')}"
            raise UsageError(f"{flag} is for registries, and none is asked: add --ask missing")
    by_host = {}
    for each in mirrors or ():
        match = _MIRROR.fullmatch(each)
        if not match:
            raise UsageError(f"--map {each}: write it like docker.io=mirror.example.com/hub")
        by_host[match[1]] = match[2]
    return Registries(asks, by_host, private_hosts or ())
