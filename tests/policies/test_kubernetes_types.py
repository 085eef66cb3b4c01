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
]  # fmt: skip


@pytest.mark.parametrize(("spec", "column", "field", "words"), REFUSED, ids=[row[0] for row in REFUSED])
def test_refuses(tmp_path: Path, spec: str, column: int, field: str, words: str) -> None:
    assert_refused(tmp_path, spec, column, field, words)
