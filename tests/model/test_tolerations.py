"""Which toleration covers another: `isSuperset` of k8s.io/kubernetes `pkg/util/tolerations`."""

from __future__ import annotations

import pytest

from tests.support.pods import yaml
from webhook.model.pod import Toleration
from webhook.model.tolerations import is_superset


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("{operator: Exists}", "{key: a, operator: Exists, effect: NoSchedule}", True),
        ("{key: a, operator: Exists}", "{key: a, operator: Exists, effect: NoSchedule}", True),
        ("{key: a, operator: Exists}", "{key: a, value: v, effect: NoSchedule}", True),
        ("{key: a, value: v}", "{key: a, operator: Equal, value: v, effect: NoExecute}", True),
        ("{key: a, value: v}", "{key: a, value: w}", False),
        ("{key: a, value: v}", "{key: a, operator: Exists}", False),
        ("{key: b, operator: Exists}", "{key: a, operator: Exists}", False),
        ("{key: a, operator: Exists, effect: NoExecute}", "{key: a, operator: Exists}", False),
        (
            "{key: a, operator: Exists, effect: NoExecute}",
            "{key: a, operator: Exists, effect: NoExecute}",
            True,
        ),
        (
            "{key: a, operator: Exists, effect: NoExecute, tolerationSeconds: 10}",
            "{key: a, operator: Exists, effect: NoExecute, tolerationSeconds: 5}",
            True,
        ),
        (
            "{key: a, operator: Exists, effect: NoExecute, tolerationSeconds: 10}",
            "{key: a, operator: Exists, effect: NoExecute}",
            False,
        ),
        (
            "{key: a, operator: Exists, effect: NoExecute}",
            "{key: a, operator: Exists, effect: NoExecute, tolerationSeconds: 5}",
            True,
        ),
        ("{key: a, operator: Gt, value: '1'}", "{key: a, operator: Gt, value: '1'}", True),
        ("{key: a, operator: Gt, value: '1'}", "{key: a, operator: Gt, value: '2'}", False),
    ],
)
def test_superset(one: str, other: str, expected: bool) -> None:
    assert is_superset(Toleration(**yaml(one)), Toleration(**yaml(other))) is expected
