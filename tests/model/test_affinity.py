"""The terms of a node affinity."""

from __future__ import annotations

import pytest

from tests.support.pods import pod
from webhook.model.affinity import matches_nothing, preferred_expressions, required_terms
from webhook.model.pod import NO_SPEC, pod_view

TERMS = "[{matchExpressions: [{key: a, operator: Exists}]}, {}]"


@pytest.mark.parametrize(
    ("affinity", "count"),
    [
        ("null", 0),
        ("{nodeAffinity: null}", 0),
        ("{podAffinity: {}}", 0),
        ("{nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: null}}", 0),
        ("{nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: null}}}", 0),
        (f"{{nodeAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: {{nodeSelectorTerms: {TERMS}}}}}}}", 2),
        ("{nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, preference: {}}]}}", 0),
    ],
)  # fmt: skip
def test_required_terms(affinity: str, count: int) -> None:
    spec = pod_view(pod(f"affinity: {affinity}")).spec or NO_SPEC
    assert len(required_terms(spec)) == count


def test_only_a_term_without_any_requirement_matches_nothing() -> None:
    fields = "{matchFields: [{key: metadata.name, operator: In, values: [n1]}]}"
    terms = (
        f"[{{matchExpressions: [{{key: a, operator: Exists}}]}}, {fields}, {{}}, {{matchExpressions: []}}]"
    )
    required = f"{{requiredDuringSchedulingIgnoredDuringExecution: {{nodeSelectorTerms: {terms}}}}}"
    spec = pod_view(pod(f"affinity: {{nodeAffinity: {required}}}")).spec or NO_SPEC
    assert [matches_nothing(term) for term in required_terms(spec)] == [False, False, True, True]


def test_preferences_without_a_term_name_no_label() -> None:
    preferred = "[{weight: 1}, {weight: 2, preference: {matchExpressions: [{key: a, operator: Exists}]}}]"
    affinity = f"{{preferredDuringSchedulingIgnoredDuringExecution: {preferred}}}"
    spec = pod_view(pod(f"affinity: {{nodeAffinity: {affinity}}}")).spec or NO_SPEC
    assert [each.key for each in preferred_expressions(spec)] == ["a"]
