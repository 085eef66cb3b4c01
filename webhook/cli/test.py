"""`podtailor test`: unit tests of policies."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import typer
from msgspec import Struct
from rich.text import Text

from webhook.checks.result import Level, Result
from webhook.cli.common import options
from webhook.cli.common.checks import CheckOutput, print_results, results_of
from webhook.cli.common.inputs import Filenames, Recursive, inputs_of, required
from webhook.cli.common.manifests import LocatedManifest, TemplatePaths, find_manifests, read_manifests
from webhook.cli.common.output import DataFormat, Format, pluralize, print_data
from webhook.cli.common.policy_options import PolicyOptions, snapshot_from
from webhook.cli.common.problems import FailFast, Problems
from webhook.cli.common.terminal import print_sentence, warn
from webhook.documents import files, yaml_dump
from webhook.documents.files import Document
from webhook.documents.find import Inputs
from webhook.documents.problems import InvalidInputError, OnProblem, Problem, ProblemName
from webhook.engine.evaluate import Decision, evaluate
from webhook.errors import InputError, UsageError
from webhook.messages.checks import FAILED_TEST
from webhook.model.patch import Path as Location
from webhook.model.place import Place
from webhook.model.policy import SHIPPED
from webhook.policies.policy_kinds import TEST_KIND
from webhook.policies.policy_tests import Case, PolicyTest, fields_of, mismatches, read
from webhook.policies.shipped import Profile

_NAMESPACE = Case.model_fields["namespace"].default


class Draft(Struct, frozen=True):
    """A test that --init writes."""

    manifest: str
    """Its path, relative to the test file."""
    located: LocatedManifest
    decision: Decision


class CaseResult(Struct, frozen=True):
    place: Place
    name: str
    failures: tuple[str, ...]


def run(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Test files or directories.")],
    output: CheckOutput = Format.TABLE,
    filename: Filenames = None,
    policies: options.Policies = None,
    builtin: options.BuiltIn = Profile.SAFE,
    preset: options.Presets = None,
    namespace_labels: options.NamespaceLabels = None,
    controller: options.Controllers = None,
    *,
    init: Annotated[
        bool,
        typer.Option("--init", help="Write PATH from what the policies do now to the manifests of -f."),
    ] = False,
    recursive: Recursive = False,
    fail_fast: FailFast = False,
) -> None:
    """Test policies: do they change each manifest as the tests expect?

    A test file names policies and manifests, relative to itself, and what becomes of each. --init writes one
    from what happens today: review it and keep it, and it fails when that changes.

    \b
    Examples:
      podtailor test examples/tests/
      podtailor test --init -f deploy/ -p policies/ tests.yaml
      podtailor test tests.yaml -o junit > report.xml
    """
    templates = options.parse_controllers(controller)
    if init:
        policy_options = PolicyOptions(
            policies=policies,
            builtin=builtin,
            preset=preset,
            namespace_labels=options.parse_labels(namespace_labels),
        )
        inputs = required(inputs_of("test", (), filename, recursive=recursive, others=policies))
        _init(paths, inputs, policy_options, templates)
        return
    if filename or policies or preset or namespace_labels:
        raise UsageError(
            "-f, --policies, --preset and --namespace-labels are for --init: a test file names its own"
        )
    problems = Problems(fail_fast=fail_fast)
    inputs = inputs_of("test", paths, recursive=recursive, of_manifests=False)
    results = [
        result
        for document in files.read_documents(inputs, problems.add)
        for result in _run(document, templates, problems)
    ]
    if not results and not problems.found:
        raise InputError(f"{', '.join(paths)}: no test found", name="no-tests")
    match output:
        case Format.TABLE:
            if results:
                _print_table(results)
        case Format.JSON | Format.YAML:
            _print_data(results, output)
        case _:
            checks = [*results_of(problems.found), *map(_as_check, results)]
            print_results(checks, output, title="podtailor test")
    problems.exit_if_any()
    if any(result.failures for result in results):
        raise typer.Exit(1)


def _run(document: Document, templates: TemplatePaths, problems: Problems) -> Iterator[CaseResult]:
    """The results of the tests that could be run."""
    if document.data is None:
        return
    suite = read(document, problems.add)
    if suite is None:
        return
    for index, case in enumerate(suite.tests):
        place = document.place(("tests", index))
        try:
            decision = _decide(suite, case, document, index, templates)
        except InputError as error:
            problems.add_error(error, Problem(ProblemName.INVALID_TEST, place, str(error)))
        else:
            yield CaseResult(place, case.name, tuple(mismatches(case.expect, decision)))


def _manifests(
    document: Document, index: int, case: Case, templates: TemplatePaths, on_problem: OnProblem
) -> Iterator[tuple[Document, Location]]:
    """The documents of a test, and the path of the object in them."""
    if case.manifest is None:
        yield document, ("tests", index, "object")
    else:
        folder = Path(document.source).parent
        yield from (
            (each, ())
            for each in read_manifests(Inputs((str(folder / case.manifest),)), templates, on_problem)
        )


def _decide(
    suite: PolicyTest, case: Case, document: Document, index: int, templates: TemplatePaths
) -> Decision:
    """Raises InputError."""
    problems: list[Problem] = []
    pods = [
        each
        for given, within in _manifests(document, index, case, templates, problems.append)
        for each in find_manifests(given, templates, problems.append, within)
    ]
    if problems:
        raise InvalidInputError(*problems)
    folder = Path(document.source).parent
    snapshot = snapshot_from(
        PolicyOptions(
            policies=[str(folder / path) for path in suite.policies],
            builtin=suite.builtin,
            preset=suite.presets,
            mode=suite.mode,
            kubernetes_version=suite.kubernetesVersion,
            namespace_labels=case.namespaceLabels,
            image_platforms=case.known_images(),
        )
    )
    selected = [each for each in pods if _is_selected(each, case)]
    if len(selected) != 1:
        names = ", ".join(_full_name(each, case.namespace) for each in selected) or "none"
        message = f"exactly one manifest that makes Pods is needed, not {names}: set select"
        raise InputError(message, name="invalid-test")
    return evaluate(selected[0].request(case.namespace), snapshot)


def _is_selected(located: LocatedManifest, case: Case) -> bool:
    return case.select in ("", _short_name(located), _full_name(located, case.namespace))


def _short_name(located: LocatedManifest) -> str:
    return f"{located.manifest.kind}/{located.manifest.name}"


def _full_name(located: LocatedManifest, default: str) -> str:
    return f"{located.manifest.kind}/{located.manifest.namespace or default}/{located.manifest.name}"


def _print_table(results: list[CaseResult]) -> None:
    for result in results:
        style, verdict = ("red", "FAIL") if result.failures else ("green", "ok  ")
        print_sentence(Text.assemble((verdict, style), f"  {result.place}: {result.name}"))
        for failure in result.failures:
            print_sentence(Text(f"        {failure}"))
    failed = sum(bool(result.failures) for result in results)
    total = pluralize(len(results), "test")
    print(f"{total}, {failed} failed" if failed else f"{total} passed")


def _as_check(result: CaseResult) -> Result:
    return Result(
        rule=FAILED_TEST.name,
        level=Level.ERROR if result.failures else Level.PASSED,
        message="\n".join(result.failures),
        place=result.place,
        object=result.name,
    )


def _print_data(results: list[CaseResult], output: DataFormat) -> None:
    data = [
        {**each.place.fields, "name": each.name, "passed": not each.failures, "failures": each.failures}
        for each in results
    ]
    print_data(data, output)


def _init(paths: list[str], inputs: Inputs, policy_options: PolicyOptions, templates: TemplatePaths) -> None:
    if len(paths) != 1 or Path(paths[0]).exists():
        message = f"{', '.join(paths)}: --init writes one file, which must not exist yet"
        raise InputError(message, name="file-exists")
    made = Path(paths[0])
    if "-" in (*inputs.paths, *(policy_options.policies or ())):
        raise UsageError("-: tests name the paths of manifests and policies, so use files")

    def relative(path: str) -> str:
        return os.path.relpath(path, made.parent)

    snapshot = snapshot_from(policy_options)
    documents = read_manifests(inputs, templates)
    pods = [(each.source, found) for each in documents for found in find_manifests(each, templates)]
    if not pods:
        raise InputError("the input has no Pods and no Pod templates", name="no-pods")
    drafts = [
        Draft(relative(path), each, evaluate(each.request(_NAMESPACE), snapshot)) for path, each in pods
    ]
    matched = {policy.key for each in drafts for policy in (*each.decision.enforced, *each.decision.audited)}
    for policy in snapshot.policies:
        if policy.origin not in SHIPPED and policy.key not in matched:
            message = f"policy {policy.key} matches none of these: the tests would not notice a change of it"
            warn(message, name="untested-policy")
    names = Counter((each.manifest, _short_name(each.located)) for each in drafts)
    suite = {
        "apiVersion": "podtailor.dev/v1alpha1",
        "kind": TEST_KIND,
        **(
            {"policies": [relative(path) for path in policy_options.policies]}
            if policy_options.policies
            else {}
        ),
        **({"builtin": str(policy_options.builtin)} if policy_options.builtin is not Profile.SAFE else {}),
        **({"presets": policy_options.preset} if policy_options.preset else {}),
        "tests": [
            _as_test(
                each,
                policy_options.namespace_labels,
                is_unique=names[each.manifest, _short_name(each.located)] == 1,
            )
            for each in drafts
        ],
    }
    try:
        made.write_text(yaml_dump.dump(suite), encoding="utf-8")
    except OSError as error:
        raise InputError(f"{made}: {error.strerror}", name="unwritable-file") from error
    them = "it" if len(pods) == 1 else "them"
    print(f"{made}: {pluralize(len(pods), 'test')} of what happens today; read {them} before you keep {them}")


def _as_test(draft: Draft, namespace_labels: Mapping[str, str], *, is_unique: bool) -> dict[str, object]:
    located, decision = draft.located, draft.decision
    fields = fields_of(decision.outcome.changes)
    skips = {skip.field: str(skip.reason) for skip in decision.outcome.skips}
    expect: dict[str, object] = {"workloadTypes": list(map(str, decision.types))} if decision.types else {}
    if decision.denied:
        expect["denied"] = decision.denied
    else:
        expect |= {"fields": fields} if fields else {"unchanged": True}
    return {
        "name": f"{located.manifest.kind} {located.manifest.name}",
        "manifest": draft.manifest,
        "select": _short_name(located) if is_unique else _full_name(located, _NAMESPACE),
        **({"namespaceLabels": namespace_labels} if namespace_labels else {}),
        "expect": {**expect, **({"skips": skips} if skips else {})},
    }
