"""Every clause of a policy as an expression."""

from __future__ import annotations

import pytest

from tests.support.pods import policy
from webhook.engine.match import CLAUSES
from webhook.export.cel import values as cel
from webhook.export.cel.code import Code
from webhook.export.cel.values import List, Text
from webhook.export.match import matches, matching
from webhook.export.pod import pod_of
from webhook.export.program import Program
from webhook.export.refusals import refusals
from webhook.model.accelerators import Accelerators

TYPES: List[Text] = List(Code("types"), cel.Text)


def expression(spec: str, **named: str) -> str:
    program = Program()
    about = matching(pod_of(program, Accelerators()), program)
    return matches(policy(spec, **named), TYPES, about).code.text


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("{}", "true"),
        ("match: {workloadTypes: [GPU, Stateful]}", "types.exists(word, word in ['gpu', 'stateful'])"),
        (
            "match: {podSelector: {matchLabels: {app: web}}}",
            "'app' in variables.labels && variables.labels['app'] in ['web']",
        ),
        (
            "match: {namespaceSelector: {matchExpressions: [{key: team, operator: NotIn, values: [a, b]}]}}",
            "!('team' in variables.namespaceLabels && variables.namespaceLabels['team'] in ['a', 'b'])",
        ),
        ("match: {podSelector: {matchExpressions: [{key: app, operator: Exists}]}}", "'app' in variables.labels"),
        (
            "match: {podSelector: {matchExpressions: [{key: app, operator: DoesNotExist}]}}",
            "!('app' in variables.labels)",
        ),
        (
            "match: {annotations: {note: \"it's\"}}",
            r"'note' in variables.annotations && variables.annotations['note'] == 'it\'s'",
        ),
        ("match: {ownerKinds: [Job]}", "variables.ownerKinds.exists(kind, kind in ['Job'])"),
        (
            "match: {images: [redis]}",
            "variables.hasImage0",
        ),
        (
            "match: {resources: [amd.com/*]}",
            r"variables.requested.exists(resource, resource.matches('^(?s:amd\\.com/.*)$'))",
        ),
        ("exclude: {ownerKinds: [Job]}", "!variables.ownerKinds.exists(kind, kind in ['Job'])"),
        (
            "exclude: {workloadTypes: [GPU], ownerKinds: [Pod]}",
            "!(types.exists(word, word in ['gpu']) && variables.ownerKinds.exists(kind, kind in ['Pod']))",
        ),
    ],
)  # fmt: skip
def test_clause(spec: str, expected: str) -> None:
    assert expression(spec) == expected


def test_namespace_of_a_workload_policy_is_that_of_the_request() -> None:
    """A Pod may not name its own."""
    assert expression("{}", kind="WorkloadPolicy", namespace="team") == "request.namespace == 'team'"


IMPOSSIBLE = {"imagePlatforms": "match: {imagePlatforms: {all: [linux/arm64]}}"}
EXAMPLES = {
    "workloadTypes": "[GPU]",
    "namespaceSelector": "{matchLabels: {a: b}}",
    "podSelector": "{matchLabels: {a: b}}",
    "annotations": "{a: b}",
    "ownerKinds": "[Job]",
    "images": "[redis]",
    "resources": "[amd.com/*]",
}


@pytest.mark.parametrize(
    "name", [each.field.removeprefix("match.") for each in CLAUSES if each.field.startswith("match.")]
)
def test_no_clause_of_the_engine_is_forgotten(name: str) -> None:
    """It is compiled, in `match` and in `exclude`, or its policy is refused."""
    if name in IMPOSSIBLE:
        assert [*refusals([policy(IMPOSSIBLE[name])])]
        return
    assert expression(f"match: {{{name}: {EXAMPLES[name]}}}") != "true"
    assert expression(f"exclude: {{{name}: {EXAMPLES[name]}}}").startswith("!")
