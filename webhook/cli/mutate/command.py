"""`podtailor mutate`: manifests with the changes that admission would make to their Pods."""

from __future__ import annotations

from typing import Annotated, Literal

import jsonpatch
import typer

from webhook.cli.common import options
from webhook.cli.common.checks import print_results, results_of
from webhook.cli.common.inputs import Filenames, Kustomization, Paths, Recursive, inputs_of, required
from webhook.cli.common.manifests import find_manifests, has_objects, nothing_checked, read_manifests
from webhook.cli.common.output import OUTPUT, Format, pluralize, print_data
from webhook.cli.common.policy_options import PolicyOptions, snapshot_from
from webhook.cli.common.problems import FailFast, Problems
from webhook.cli.common.terminal import print_diff, print_hint, warn, write
from webhook.cli.mutate.tailored import Tailored, TailoredFile, files_of, tailored, warnings_of
from webhook.documents.problems import InvalidInputError
from webhook.documents.replace import replace_files
from webhook.errors import UsageError
from webhook.policies.shipped import Profile

MutateFormat = Literal[Format.YAML, Format.JSON, Format.MARKDOWN, Format.SARIF, Format.JUNIT, Format.GITHUB]


def mutate(
    paths: Paths = None,
    filename: Filenames = None,
    kustomize: Kustomization = None,
    policies: options.Policies = None,
    builtin: options.BuiltIn = Profile.SAFE,
    preset: options.Presets = None,
    namespace: options.Namespace = "default",
    namespace_labels: options.NamespaceLabels = None,
    accelerator: options.AcceleratorPatterns = None,
    kubernetes_version: options.KubernetesVersion = None,
    controller: options.Controllers = None,
    *,
    diff: Annotated[bool, typer.Option("--diff", help="Print a diff instead of manifests.")] = False,
    check: Annotated[
        bool,
        typer.Option("--check", help="Print a diff, and exit with 1 if a file would change. Writes nothing."),
    ] = False,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Write the files that change, and say which.")
    ] = False,
    output: Annotated[MutateFormat, OUTPUT] = Format.YAML,
    no_annotate: options.NoAnnotate = False,
    recursive: Recursive = False,
    fail_fast: FailFast = False,
) -> None:
    """Tailor manifests in files as admission would tailor their Pods.

    Tailors Pods, Kubernetes' own controllers, and the kinds named by --controller. Other objects are printed
    unchanged, with a warning if they seem to hold a Pod template. Comments and order of your YAML are kept.
    Every file or object that cannot be used is an error. Then no manifests are printed, because `kubectl
    apply` would not notice those that are missing; --diff and --check show the others.

    --in-place and --check are for files that you keep, as in a Git repository: they leave out the annotation
    podtailor.dev/applied, which says what admission did. If anything cannot be used, no file is written.

    \b
    Examples:
      podtailor mutate -f deployment.yaml --diff
      podtailor mutate -k overlays/prod | kubectl apply -f -
      helm template ./chart | podtailor mutate -f - | kubectl apply -f -
      podtailor mutate -f deploy/ --in-place
      podtailor mutate -f deploy/ --check -o github
    """
    _check_flags(output, diff=diff, check=check, in_place=in_place)
    inputs = required(
        inputs_of("mutate", paths, filename, recursive=recursive, kustomization=kustomize, others=policies),
        or_kustomization=True,
    )
    snapshot = snapshot_from(
        PolicyOptions(
            policies=policies,
            builtin=builtin,
            preset=preset,
            accelerator=accelerator,
            kubernetes_version=kubernetes_version,
            namespace_labels=options.parse_labels(namespace_labels),
            annotate=not (no_annotate or check or in_place),
        )
    )
    templates = options.parse_controllers(controller)
    problems = Problems(fail_fast=fail_fast)
    found = [
        tailored(document, find_manifests(document, templates, problems.add), snapshot, namespace)
        for document in read_manifests(inputs, templates, problems.add)
    ]
    for each in found:
        _warn(each)
    if output is not Format.JSON:
        found = [each for each in found if _is_editable(each, problems)]
    if check:
        if not (inputs.are_files or problems.found or any(has_objects(each.document) for each in found)):
            problems.add(nothing_checked(inputs))
        _check(found, problems, output)
    elif diff:
        for file in files_of(found):
            print_diff(file.before, file.after, file.path)
        problems.exit_if_any()
    else:  # a part of the objects would look like all of them to what reads the output
        problems.exit_if_any()
        if in_place:
            _write_files(files_of(found))
        elif output is Format.JSON:
            _print_json(found)
        else:
            write(_joined([file.after for file in files_of(found)]))


def _check_flags(output: MutateFormat, *, diff: bool, check: bool, in_place: bool) -> None:
    """Raises InputError."""
    if in_place and (diff or check):
        raise UsageError("--in-place writes files, --diff and --check do not: give one of them")
    if output in (Format.YAML, Format.JSON):
        if output is Format.JSON and (diff or check or in_place):
            raise UsageError("--diff, --check and --in-place keep the text of files: omit -o json")
    elif not check:
        raise UsageError(f"-o {output} is for --check")


def _is_editable(each: Tailored, problems: Problems) -> bool:
    try:
        each.after  # noqa: B018 (computed once, here)
    except InvalidInputError as error:
        for problem in error.problems:
            problems.add(problem)
        return False
    return True


def _warn(each: Tailored) -> None:
    for located, decision in each.decisions:
        if decision.denied:
            warn(f"{located.place}: would be denied: {decision.denied}", name="denied")
        for warning in warnings_of(decision):
            warn(f"{located.place}: {warning}")


def _check(found: list[Tailored], problems: Problems, output: MutateFormat) -> None:
    from webhook.checks.result import Level
    from webhook.cli.mutate.results import results_of_tailored

    results = [result for each in found for result in results_of_tailored(each)]
    changed = [file for file in files_of(found) if file.changes]
    if output is Format.YAML or output is Format.JSON:
        for file in changed:
            print_diff(file.before, file.after, file.path)
    else:
        print_results([*results_of(problems.found), *results], output, title="podtailor mutate --check")
    if changed and not problems.found:
        them = "it" if len(changed) == 1 else "them"
        print_hint(
            f"{pluralize(len(changed), 'file')} would change; --in-place instead of --check writes {them}"
        )
    problems.exit_if_any()
    if any(result.level is Level.ERROR for result in results):
        raise typer.Exit(1)


def _write_files(files: list[TailoredFile]) -> None:
    unwritable = next((file.path for file in files if not file.is_on_disk), None)
    if unwritable:
        raise UsageError(
            f"{unwritable}: --in-place writes manifests into their files, and these are in none",
            hint="omit --in-place to print the manifests",
        )
    changed = [file for file in files if file.changes]
    replace_files({file.path: file.after for file in changed})
    for file in changed:
        write(f"{file.path}: {pluralize(file.changes, 'change')}\n")
    write(f"{len(changed)} of {pluralize(len(files), 'file')} written\n")


def _joined(texts: list[str]) -> str:
    """Files as one stream of YAML documents; a single file keeps its exact first and last characters."""
    stream = texts[0] if texts else ""
    for text in texts[1:]:
        stream += "\n" if stream and not stream.endswith("\n") else ""
        following = text.removeprefix("\ufeff")
        stream += following if following.startswith("---") else f"---\n{following}"
    return stream


def _print_json(found: list[Tailored]) -> None:
    """One object, or several as a List, as kubectl prints them."""
    objects = [
        jsonpatch.apply_patch(each.document.data, each.ops)
        for each in found
        if each.document.data is not None
    ]
    print_data(
        objects[0] if len(objects) == 1 else {"apiVersion": "v1", "kind": "List", "items": objects},
        Format.JSON,
    )
