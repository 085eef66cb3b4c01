"""Selectors and tolerations: what is refused, as Kubernetes validates them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.policies.documents import assert_refused

# What follows `spec:`, the column of the complaint on line 5, its field, its words.
REFUSED = [
    ("tolerations: [{operator: Exist}]", 18, "spec.tolerations[0].operator", "'Exist' is not 'Equal' or 'Exists'"),
    ("tolerations: [{value: x}]", 17, "spec.tolerations[0]", "without a key the operator must be Exists"),
    ("tolerations: [{key: a, operator: Exists, value: x}]", 17, "spec.tolerations[0]", "operator Exists takes no value"),
    ("tolerations: [{key: a, tolerationSeconds: 5}]", 17, "spec.tolerations[0]", "tolerationSeconds needs effect NoExecute"),
    (
        "match: {podSelector: {matchExpressions: [{key: a, operator: In}]}}",
        44,
        "spec.match.podSelector.matchExpressions[0]",
        "operator In takes at least one value",
    ),
    (
        "match: {podSelector: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}}",
        44,
        "spec.match.podSelector.matchExpressions[0]",
        "operator Exists takes no values",
    ),
    ("nodeAffinity: {required: [{key: a, operator: In}]}", 29, "spec.nodeAffinity.required[0]", "operator In takes at least one value"),
    ("nodeAffinity: {required: [{key: a, operator: DoesNotExist, values: [b]}]}", 29, "spec.nodeAffinity.required[0]", "operator DoesNotExist takes no values"),
    ("nodeAffinity: {required: [{key: a, operator: Gt, values: ['1', '2']}]}", 29, "spec.nodeAffinity.required[0]", "operator Gt takes one whole number"),
    ("nodeAffinity: {required: [{key: a, operator: Lt, values: [b]}]}", 29, "spec.nodeAffinity.required[0]", "operator Lt takes one whole number"),
    ("nodeAffinity: {required: [{key: a, operator: Gt}]}", 29, "spec.nodeAffinity.required[0]", "operator Gt takes one whole number"),
    ("nodeAffinity: {required: [{key: a, operator: Is, values: [b]}]}", 38, "spec.nodeAffinity.required[0].operator", "'Is' is not 'In', 'NotIn',"),
    ("nodeAffinity: {required: [{key: 'a b', operator: Exists}]}", 30, "spec.nodeAffinity.required[0].key", "'a b' is not a label key"),
    ("nodeAffinity: {required: [{key: a, operator: In, values: [b c]}]}", 61, "spec.nodeAffinity.required[0].values[0]", "'b c' is not a label value"),
    ("nodeAffinity: {preferred: [{weight: 0, matchExpressions: [{key: a, operator: Exists}]}]}", 31, "spec.nodeAffinity.preferred[0].weight", "must be greater than or equal to 1"),
    ("nodeAffinity: {preferred: [{weight: 101, matchExpressions: [{key: a, operator: Exists}]}]}", 31, "spec.nodeAffinity.preferred[0].weight", "must be less than or equal to 100"),
    ("nodeAffinity: {preferred: [{weight: 1, matchExpressions: []}]}", 42, "spec.nodeAffinity.preferred[0].matchExpressions", "should have at least 1 item"),
    ("nodeAffinity: {preferred: [{weight: 1}]}", 30, "spec.nodeAffinity.preferred[0].matchExpressions", "required"),
    (
        "nodeAffinity: {required: [{key: beta.kubernetes.io/arch, operator: In, values: [arm64]}]}",
        3,
        "spec.nodeAffinity",
        "write nodeSelector kubernetes.io/arch: arm64 instead",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "column", "field", "words"), REFUSED, ids=[row[0] for row in REFUSED])
def test_refuses(tmp_path: Path, spec: str, column: int, field: str, words: str) -> None:
    assert_refused(tmp_path, spec, column, field, words)
