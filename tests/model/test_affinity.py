"""The terms of the required node affinity."""

from __future__ import annotations

import pytest

from tests.support.pods import pod
from webhook.model.affinity import required_terms
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
