"""The flags that name manifests, as kubectl takes them: -f, -R, -k, and paths without a flag."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from webhook.documents.find import SUFFIXES, Inputs
from webhook.errors import UsageError
from webhook.workloads.controllers import CONTROLLERS, PODS

Filenames = Annotated[
    list[str] | None,
    typer.Option(
        "--filename", "-f", metavar="PATH", help="Manifest, directory, or - for standard input (repeatable)."
    ),
]
Paths = Annotated[list[str] | None, typer.Argument(metavar="[PATH]...", help="Paths, as with -f.")]
Recursive = Annotated[
    bool, typer.Option("--recursive", "-R", help="Read subdirectories too, except hidden ones.")
]
Kustomization = Annotated[
    str | None,
    typer.Option(
        "--kustomize",
        "-k",
        metavar="DIRECTORY",
        help="Read what kustomize, or kubectl, renders of a kustomization.",
    ),
]


def inputs_of(
    verb: str,
    paths: Sequence[str] | None,
    filenames: Sequence[str] | None = None,
    *,
    recursive: bool = False,
    kustomization: str | None = None,
    others: Sequence[str] | None = None,
    of_manifests: bool = True,
) -> Inputs:
    """What a command is to read; nothing if the user names nothing.

    `others` may name standard input too, which can be read only once. Raises InputError.
    """
    named = (*(filenames or ()), *(paths or ()))
    if kustomization is not None and (named or recursive):
        raise UsageError("-k renders one directory: it cannot be combined with -f, -R or other paths")
    if recursive and not named:
        raise UsageError("-R reads the subdirectories of directories: name one")
    if [*named, *(others or ())].count("-") > 1:
        raise UsageError("- is given more than once, and standard input can be read only once")
    return Inputs(named, recursive, kustomization or "", f"podtailor {verb}", of_manifests)


def required(inputs: Inputs, *, or_kustomization: bool = False) -> Inputs:
    """`or_kustomization`: whether the verb has -k. Raises InputError if there is nothing to read."""
    if not inputs:
        what = "manifests" if inputs.of_manifests else "policies"
        ways = ["files", "directories", "- for standard input"]
        if or_kustomization:
            ways.append("-k DIR for a kustomization")
        raise UsageError(f"no {what} given: name {', '.join(ways[:-1])}, or {ways[-1]}")
    return inputs


# What kubectl understands as a kind of which a command takes a KIND/NAME of the cluster.
_KINDS = {word for each in (PODS, *CONTROLLERS) for word in each.words}


def split_targets(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Objects of the cluster, and paths.

    After a KIND come names, as in `deploy web`, even if there is a folder `deploy`.
    """
    if words and words[0].lower() in _KINDS and not any(map(is_path, words[1:])) and len(words) > 1:
        return [*words], []
    return [each for each in words if not is_path(each)], [*filter(is_path, words)]


def is_path(word: str) -> bool:
    """Whether a word names a file instead of an object of the cluster.

    KIND/NAME is an object, even if there is such a path: `./KIND/NAME` is the path.
    """
    kind, slash, name = word.partition("/")
    if slash and kind.lower() in _KINDS and name and "/" not in name and not name.endswith(SUFFIXES):
        return False
    return word == "-" or word.endswith(SUFFIXES) or Path(word).exists()
