"""`podtailor mutate`: manifests in, tailored manifests out."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from itertools import groupby
from typing import Annotated

import jsonpatch
import typer

from webhook.cli.common import options
from webhook.cli.common.manifests import LocatedManifest, find_manifests, read_manifests
from webhook.cli.common.output import print_json
from webhook.cli.common.policy_options import PolicyOptions, snapshot_from
from webhook.cli.common.terminal import print_diff, warn, write
from webhook.documents.files import Document
from webhook.documents.yaml_edit import edited
from webhook.engine.evaluate import VIOLATION, evaluate
from webhook.engine.snapshot import Snapshot
from webhook.errors import InputError
from webhook.model.patch import Op
from webhook.policies.shipped import Profile


class Output(StrEnum):
    YAML = "yaml"
    JSON = "json"


def mutate(
    filename: options.Filenames = None,
    policies: options.Policies = None,
    builtin: options.BuiltIn = Profile.SAFE,
    preset: options.Presets = None,
    namespace: options.Namespace = "default",
    namespace_labels: options.NamespaceLabels = None,
    accelerator: options.AcceleratorPatterns = None,
    controller: options.Controllers = None,
    *,
    diff: Annotated[bool, typer.Option("--diff", help="Print only what would change, as a diff.")] = False,
    output: Annotated[Output, typer.Option("--output", "-o", help="How to print manifests.")] = Output.YAML,
    no_annotate: options.NoAnnotate = False,
) -> None:
    """Tailor manifests in files as admission would tailor their Pods.

    Takes Pods, Kubernetes' own controllers, and kinds named by --controller; objects of other kinds pass
    through untouched, with a warning if they seem to hold a Pod template. Comments and order of your YAML
    survive. What no API server would take is an error with its place, and then nothing is printed.

    \b
    Examples:
      podtailor mutate -f deployment.yaml --diff
      helm template ./chart | podtailor mutate -f - | kubectl apply -f -
    """
    if diff and output is Output.JSON:
        raise InputError("--diff prints a diff of the files as they are: leave -o json out")
    filenames = options.check_filenames(filename, policies)
    snapshot = snapshot_from(
        PolicyOptions(
            policies=policies,
            builtin=builtin,
            preset=preset,
            accelerator=accelerator,
            namespace_labels=options.parse_labels(namespace_labels),
            annotate=not no_annotate,
        )
    )
    others = options.parse_controllers(controller)
    documents = list(read_manifests(filenames, others))
    # Everything is read and decided before anything is printed: an error never leaves half an output behind.
    patches = [_patch(find_manifests(document, others), snapshot, namespace) for document in documents]
    if output is Output.JSON and not diff:
        _print_json(documents, patches)
        return
    by_file = groupby(zip(documents, patches, strict=True), key=lambda pair: pair[0].source)
    texts = [(source, *_texts(list(pairs))) for source, pairs in by_file]
    if diff:
        for source, before, after in texts:
            print_diff(before, after, source)
    else:
        write(_stream([after for _, _, after in texts]))


def _patch(pods: Iterable[LocatedManifest], snapshot: Snapshot, namespace: str) -> list[Op]:
    """The operations on a whole document."""
    ops: list[Op] = []
    for found in pods:
        place = found.document.place(found.at)
        decision = evaluate(found.request(namespace), snapshot)
        if decision.denied:
            warn(f"{place}: would be refused: {decision.denied}")
        for warning in decision.warnings:
            if not (decision.denied and warning.reason == VIOLATION):  # the refusal names them already
                warn(f"{place}: {warning}")
        ops += decision.outcome.operations(found.manifest.template, (*found.at, *found.manifest.at))
    return ops


def _texts(pairs: list[tuple[Document, list[Op]]]) -> tuple[str, str]:
    """A whole file, before and after."""
    before = "".join(document.text for document, _ in pairs)
    return before, "".join(edited(document, ops) for document, ops in pairs)


def _stream(texts: list[str]) -> str:
    """Files as one stream of documents; a single one stays to the letter, as it begins and as it ends."""
    made = texts[0]
    for text in texts[1:]:
        made += "\n" if made and not made.endswith("\n") else ""
        more = text.removeprefix("\ufeff")
        made += more if more.startswith("---") else f"---\n{more}"
    return made


def _print_json(documents: list[Document], patches: list[list[Op]]) -> None:
    """One object as it is, several as a List, as kubectl prints them."""
    objects = [
        jsonpatch.apply_patch(document.data, ops)
        for document, ops in zip(documents, patches, strict=True)
        if document.data is not None
    ]
    print_json(objects[0] if len(objects) == 1 else {"apiVersion": "v1", "kind": "List", "items": objects})
