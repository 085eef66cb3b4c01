"""Which webhook configurations could lock out a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.pods import yaml
from webhook.certificates.lockout import lockout

(SHIPPED,) = yaml(Path("manifests/base/mutatingwebhookconfiguration.yaml").read_text())["webhooks"]
NAMES = "kubernetes.io/metadata.name"


def _selecting(*expressions: dict[str, Any], **labels: str) -> dict[str, Any]:
    return {"matchExpressions": [*expressions], "matchLabels": labels}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param({}, None, id="as it ships, but Fail"),
        pytest.param({"failurePolicy": "Ignore", "namespaceSelector": {}}, None, id="Ignore"),
        pytest.param({"namespaceSelector": _selecting(team="a")}, "podtailor-system is selected", id="by a label that a namespace may get"),
        pytest.param({"namespaceSelector": {}}, "podtailor-system is selected", id="everything"),
        pytest.param(
            {"namespaceSelector": _selecting({"key": NAMES, "operator": "NotIn", "values": ["podtailor-system"]})},
            "kube-system is selected", id="all but podtailor-system",
        ),
        pytest.param({"rules": [{"resources": ["*"]}]}, "more than pods", id="all resources"),
    ],
)  # fmt: skip
def test_reasons(change: dict[str, Any], words: str | None) -> None:
    reason = lockout([{**SHIPPED, "failurePolicy": "Fail", **change}], "podtailor-system")
    assert (reason is None) if words is None else (reason and words in reason)


def test_failure_policy_defaults_to_fail() -> None:
    assert lockout([{"name": "x"}], "podtailor-system")
