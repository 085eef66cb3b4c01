"""How commands look at a cluster: as the server that is installed there does."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import msgspec
import typer
from msgspec import Struct
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from webhook.audit import cluster, what_if
from webhook.audit.cluster import Heard, Scope
from webhook.audit.controllers import CONTROLLERS, PODS, others_of
from webhook.audit.enforcement import Enforcement
from webhook.audit.installation import Installation, enforcement, installation
from webhook.audit.judge import Examined
from webhook.cli.installed import chosen, served
from webhook.cli.manifests import snapshot_from
from webhook.cli.sources import warn_of
from webhook.cli.terminal import console
from webhook.cluster import once
from webhook.cluster.client import Api
from webhook.engine.snapshot import Snapshot
from webhook.files import Document, InputError
from webhook.model.names import OWN_NAMESPACE
from webhook.model.patch import Path
from webhook.policies.load import load_all
from webhook.policies.shipped import Profile, shipped


class Look(Struct, frozen=True):
    """By what the objects of a cluster are judged."""

    snapshot: Snapshot
    enforcement: Enforcement
    installed: Installation = Installation()
    secret: str = ""
    """Where the server keeps its certificate; empty where it has it from elsewhere."""


def look(
    api: Api,
    here: typer.Context | None = None,
    paths: list[str] | None = None,
    *,
    since: str = "",
    as_if_enforced: bool = False,
) -> Look:
    """As the installed server does, but for what is given by the flags `here` and by policies of `paths`.

    Raises InputError, UnreachableError.
    """
    own = load_all(paths or ())
    installed = installation(api)
    there = served(installed.arguments)
    wanted = chosen(here, there) if here else there
    base = snapshot_from(None, Profile.OFF, None, mode=wanted.mode, accelerators=[*wanted.accelerator])
    snapshot, standings = once.snapshot(api, base, shipped(wanted.builtin, wanted.preset), own)
    warn_of(standings)
    names = tuple((each.source, each.key) for each in shipped(there.builtin, there.preset))
    within = enforcement(api, installed, names, since)
    if as_if_enforced:
        snapshot, within = what_if.enforced(snapshot), what_if.in_force(within, snapshot)
    return Look(snapshot, within, installed, there.tls_secret)


@contextmanager
def progress(*, is_shown: bool = True) -> Iterator[Heard]:
    """A bar with counts, on a terminal only; not shown among lines that are printed on the way to one."""
    err = console(stderr=True)
    shows = err.is_terminal and (is_shown or not sys.stdout.isatty())
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=err, transient=True, disable=not shows) as bar:
        tasks: dict[str, TaskID] = {}

        def heard(kind: str, done: int, total: int) -> None:
            if kind not in tasks:
                tasks[kind] = bar.add_task(kind)
            bar.update(tasks[kind], completed=done, total=total)

        yield heard


def scope(
    api: Api,
    namespace: str | None,
    selector: str,
    kinds: str,
    others: Mapping[tuple[str, str], Path],
) -> Scope:
    """`kinds` as in `Deployment,Pod`. Raises InputError, UnreachableError."""
    if namespace:
        once.check_namespace(api, namespace)
    controllers = (*CONTROLLERS, *others_of(api, others))
    known = {each.kind.lower(): each.kind for each in (*controllers, PODS)}
    words = [word for word in kinds.split(",") if word]
    for word in words:
        if word.lower().rstrip("s") not in known:
            raise InputError(f"--kinds {word}: one of {', '.join(known.values())}")
    wanted = frozenset(known[word.lower().rstrip("s")] for word in words)
    return Scope(namespace, selector, wanted or None, controllers)


class LivePod(Struct, frozen=True):
    """A Pod of the cluster, as a manifest and as what it was when it was created."""

    document: Document
    examined: Examined
    served: bytes | None
    """The certificate of the webhook, PEM, where it can be read."""


def live_pod(api: Api, at: Look, named: str, namespace: str) -> LivePod:
    """Given as `pod/NAME`. Raises InputError, UnreachableError."""
    kind, _, name = named.rpartition("/")
    if kind not in ("pod", "pods", "po") or not name:
        raise InputError(f"{named}: write pod/NAME, or -f FILE for anything else")
    raw = once.pod(api, namespace, name)
    if raw is None:
        raise InputError(f"pod/{name}: there is none in namespace {namespace}")
    data = {"apiVersion": "v1", "kind": "Pod", **msgspec.json.decode(raw)}
    text = msgspec.json.encode(data).decode()
    document = Document(f"{namespace}/{name}", 1, text, data)
    held = once.secret(api, OWN_NAMESPACE, at.secret) if at.secret else None
    return LivePod(document, cluster.live_pod(raw), (held or {}).get("tls.crt"))
