"""`podtailor mutate`: prints manifests with the changes that admission would make to their Pods."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Annotated, Literal

import jsonpatch
import typer

from webhook.cli.common import options
from webhook.cli.common.manifests import LocatedManifest, find_manifests, read_manifests
from webhook.cli.common.output import OUTPUT, Format, print_data
from webhook.cli.common.policy_options import PolicyOptions, snapshot_from
from webhook.cli.common.problems import FailFast, Problems
from webhook.cli.common.terminal import print_diff, warn, write
from webhook.documents.files import Document
from webhook.documents.yaml_edit import edited
from webhook.engine.evaluate import VIOLATION, evaluate
from webhook.engine.snapshot import Snapshot
from webhook.errors import InputError
from webhook.model.patch import Op
from webhook.policies.shipped import Profile


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
    diff: Annotated[bool, typer.Option("--diff", help="Print a diff instead of manifests.")] = False,
    output: Annotated[Literal[Format.YAML, Format.JSON], OUTPUT] = Format.YAML,
    no_annotate: options.NoAnnotate = False,
    fail_fast: FailFast = False,
) -> None:
    """Tailor manifests in files as admission would tailor their Pods.

    Tailors Pods, Kubernetes' own controllers, and the kinds named by --controller. Other objects are printed
    unchanged, with a warning if they seem to hold a Pod template. Comments and order of your YAML are kept.
    Every file or object that cannot be used is an error. Then no manifests are printed, because `kubectl
    apply` would not notice those that are missing; --diff shows the others.

    \b
    Examples:
      podtailor mutate -f deployment.yaml --diff
      helm template ./chart | podtailor mutate -f - | kubectl apply -f -
    """
    if diff and output is Format.JSON:
        raise InputError("--diff compares files as they are written: it cannot be combined with -o json")
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
    templates = options.parse_controllers(controller)
    problems = Problems(fail_fast=fail_fast)
    documents = list(read_manifests(filenames, templates, problems.add))
    patches = [
        _patch(find_manifests(document, templates, problems.add), snapshot, namespace)
        for document in documents
    ]
    if not diff:  # a part of the objects would look like all of them to what reads the output
        problems.exit_if_any()
    if output is Format.JSON and not diff:
        _print_json(documents, patches)
        return
    by_file = groupby(zip(documents, patches, strict=True), key=lambda pair: pair[0].source)
    texts = [(source, *_before_and_after(list(pairs))) for source, pairs in by_file]
    if diff:
        for source, before, after in texts:
            print_diff(before, after, source)
        problems.exit_if_any()
    else:
        write(_joined([after for _, _, after in texts]))


def _patch(manifests: Iterable[LocatedManifest], snapshot: Snapshot, namespace: str) -> list[Op]:
    """The operations on a whole document. Prints warnings."""
    ops: list[Op] = []
    for each in manifests:
        place = each.place
        decision = evaluate(each.request(namespace), snapshot)
        if decision.denied:
            warn(f"{place}: would be denied: {decision.denied}")
        for warning in decision.warnings:
            if not (decision.denied and warning.reason == VIOLATION):  # the refusal names them already
                warn(f"{place}: {warning}")
        ops += decision.outcome.operations(each.manifest.template, (*each.at, *each.manifest.at))
    return ops


def _before_and_after(pairs: list[tuple[Document, list[Op]]]) -> tuple[str, str]:
    """The text of a whole file."""
    before = "".join(document.text for document, _ in pairs)
    return before, "".join(edited(document, ops) for document, ops in pairs)


def _joined(texts: list[str]) -> str:
    """Files as one stream of YAML documents; a single file keeps its exact first and last characters."""
    stream = texts[0]
    for text in texts[1:]:
        stream += "\n" if stream and not stream.endswith("\n") else ""
        following = text.removeprefix("\ufeff")
        stream += following if following.startswith("---") else f"---\n{following}"
    return stream


def _print_json(documents: list[Document], patches: list[list[Op]]) -> None:
    """One object, or several as a List, as kubectl prints them."""
    objects = [
        jsonpatch.apply_patch(document.data, ops)
        for document, ops in zip(documents, patches, strict=True)
        if document.data is not None
    ]
    data = objects[0] if len(objects) == 1 else {"apiVersion": "v1", "kind": "List", "items": objects}
    print_data(data, Format.JSON)
