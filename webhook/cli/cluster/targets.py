"""The live objects that `explain` is asked for, named as in kubectl."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

import msgspec
from msgspec import Struct

from webhook.cli.shell.usage import closest
from webhook.cluster import reads
from webhook.cluster.client import Api
from webhook.documents.files import Document
from webhook.errors import ClusterError, InputError, UsageError
from webhook.workloads.controllers import PODS, Controller

Kinds = tuple[Controller, ...]


class Target(Struct, frozen=True):
    """A Pod, or an object that makes Pods."""

    kind: Controller
    raw: bytes
    document: Document


def named(words: Sequence[str], kinds: Kinds) -> list[tuple[Controller | None, str]]:
    """From `TYPE/NAME`, `TYPE NAME NAME`, or a NAME alone, which may be of any kind. Raises InputError."""
    known = {word: kind for kind in kinds for word in kind.words}
    first, *rest = words
    if rest and first.lower() in known:
        mixed = next((each for each in rest if "/" in each), None)
        if mixed:
            raise UsageError(f"{first} {mixed}: write TYPE NAME or TYPE/NAME, not both")
        return [(known[first.lower()], name) for name in rest]
    return [_named(word, known) for word in words]


def _named(word: str, known: dict[str, Controller]) -> tuple[Controller | None, str]:
    kind, slash, name = word.partition("/")
    if not slash:
        return None, word
    if kind.lower() not in known:
        nearest = closest(kind.lower(), known)
        others = f"if {kind} is a namespace, write {name} -n {kind}\n--controller names kinds of your own"
        meant = f"did you mean {nearest}/{name}?" if nearest else others
        raise UsageError(f"{word}: unknown type {kind}", hint=meant)
    if not name:
        raise UsageError(f"{word}: write a name after the slash")
    return known[kind.lower()], name


def find(api: Api, words: Sequence[str], kinds: Kinds, namespace: str) -> list[Target]:
    """Raises InputError for what does not exist or is ambiguous, ClusterError."""
    return [find_one(api, kind, name, kinds, namespace) for kind, name in named(words, kinds)]


def find_one(api: Api, kind: Controller | None, name: str, kinds: Kinds, namespace: str) -> Target:
    """`kind` and `name` as of `named`. Raises as `find`."""
    if kind is not None:
        raw = _read(api, kind, namespace, name)
        if raw is None:
            raise _not_found(api, f"{_word(kind)}/{name}", (kind,), namespace)
        return _target(kind, raw, namespace, name)
    raw = reads.pod(api, namespace, name)
    if raw is not None:
        return _target(PODS, raw, namespace, name)
    owners = [
        _target(each, raw, namespace, name)
        for each in kinds
        if each is not PODS and (raw := _readable(api, each, namespace, name)) is not None
    ]
    if not owners:
        raise _not_found(api, name, kinds, namespace)
    if len(owners) > 1:
        choices = " or ".join(f"{_word(each.kind)}/{name}" for each in owners)
        raise UsageError(
            f"{name} is the name of several objects in namespace {namespace}", hint=f"write {choices}"
        )
    return owners[0]


def _read(api: Api, kind: Controller, namespace: str, name: str) -> bytes | None:
    return reads.pod(api, namespace, name) if kind is PODS else reads.owner(api, kind, namespace, name)


def _readable(api: Api, kind: Controller, namespace: str, name: str) -> bytes | None:
    """None too for kinds that the user may not read."""
    try:
        return reads.owner(api, kind, namespace, name)
    except ClusterError as error:
        if error.status != HTTPStatus.FORBIDDEN:
            raise
        return None


def _not_found(api: Api, wanted: str, kinds: Kinds, namespace: str) -> InputError:
    existing: dict[str, None] = {}
    for kind in kinds:
        try:
            names = reads.names(api, kind, namespace)
        except ClusterError:  # what is wrong with the name is the news
            continue
        existing |= dict.fromkeys(f"{_word(kind)}/{name}" for name in names)
    by_name = {each.partition("/")[2]: each for each in existing}
    nearest = closest(wanted.rpartition("/")[2], by_name)
    listed = f"`kubectl get {','.join(each.plural for each in kinds)} --namespace={namespace}`"
    hint = f"did you mean {by_name[nearest]}?" if nearest else f"{listed} lists those that are there"
    where = (
        ""
        if len(kinds) == 1
        else f": there is no {', '.join(map(_word, kinds[:-1]))} or {_word(kinds[-1])} of that name"
    )
    if any(wanted.lower() in each.words for each in kinds):
        hint = f"{wanted} is a type: write {wanted}/NAME"
    message = f"{wanted} not found in namespace {namespace}{where}"
    return InputError(message, name="not-found", hint=f"{hint}\n-n NAMESPACE names another namespace")


def _word(kind: Controller) -> str:
    return kind.kind.lower()


def _target(kind: Controller, raw: bytes, namespace: str, name: str) -> Target:
    data = {"apiVersion": kind.version, "kind": kind.kind, **msgspec.json.decode(raw)}
    text = msgspec.json.encode(data).decode()
    title = name if kind is PODS else f"{_word(kind)}/{name}"
    return Target(kind, raw, Document(f"{namespace}/{title}", 1, text, data))
