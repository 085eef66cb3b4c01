"""The flags that say whom to ask about images, and the asking."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer
from msgspec import Struct

from webhook.cli.common.options import is_given
from webhook.cli.common.progress import progress
from webhook.errors import InputError, UsageError
from webhook.images.asking import Ask, asked, to_ask
from webhook.images.evidence import Evidence, Knowledge
from webhook.images.reference import Reference
from webhook.images.registry.credentials import Credentials, DockerConfig, parse_docker_config
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
RegistryConfigs = Annotated[
    list[str] | None,
    typer.Option(
        "--registry-config",
        metavar="FILE",
        help="Credentials as docker login writes them: ~/.docker/config.json (repeatable).",
    ),
]
UsesPullSecrets = Annotated[
    bool,
    typer.Option("--pull-secrets", help="Read the pull secrets that Pods with these images name."),
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
    configs: tuple[DockerConfig, ...]

    def to_ask(self, images: Iterable[str], known: Knowledge, platform: str) -> list[Reference]:
        return to_ask(images, known, platform, self.ask)

    def answers(
        self, references: Sequence[Reference], known: Knowledge, secrets: Sequence[DockerConfig], *, now: int
    ) -> list[Evidence]:
        if not references:
            return []
        from webhook.images.registry.client import Registry

        registry = Registry(
            known={
                each.digest: ReadImage(each.digest, each.platforms, each.source) for each in known.contents
            },
            credentials=Credentials([*self.configs, *secrets]),
            private_hosts=self.private_hosts,
        )
        found = []
        with progress() as on_progress:
            for each in asked(references, registry.platforms, self.mirrors, now=now):
                found.append(each)
                on_progress("images", len(found), len(references))
        return found


class RegistryFlags(Struct, frozen=True, kw_only=True):
    """Fields are named as the parameters of the command."""

    ask: Ask | None
    map_: Sequence[str] | None
    registry_config: Sequence[str] | None
    allow_private_addresses: Sequence[str] | None
    pull_secrets: bool


def registries_of(ctx: typer.Context, flags: RegistryFlags, *, reads_cluster: bool) -> Registries:
    """Raises UsageError, InputError."""
    ask = flags.ask or (Ask.NEVER if reads_cluster else Ask.MISSING)
    for name in RegistryFlags.__struct_fields__:
        if ask is Ask.NEVER and name != "ask" and is_given(ctx, name):
            flag = f"--{name.rstrip('_').replace('_', '-')}"
            raise UsageError(f"{flag} is for registries, and none is asked: add --ask missing")
    if flags.pull_secrets and not reads_cluster:
        raise UsageError("--pull-secrets are those of a cluster: give --registry-config, or omit -f")
    mirrors = {}
    for each in flags.map_ or ():
        match = _MIRROR.fullmatch(each)
        if not match:
            raise UsageError(f"--map {each}: write it like docker.io=mirror.example.com/hub")
        mirrors[match[1]] = match[2]
    configs = tuple(map(_read, flags.registry_config or ()))
    return Registries(ask, mirrors, flags.allow_private_addresses or (), configs)


def _read(file: str) -> DockerConfig:
    """Raises InputError."""
    try:
        text = Path(file).read_bytes()
    except OSError as error:
        raise InputError(f"{file}: {error.strerror}", name="unreadable-file") from error
    return parse_docker_config(text, file, runs_helpers=True)
