"""Owners in tables."""

from __future__ import annotations

import pytest

from webhook.cli.common.owners import short
from webhook.workloads.workload import Ref


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("Deployment", "deploy/web"),
        ("Job", "job/web"),
        ("Pod", "pod/web"),
        ("Rollout.argoproj.io", "rollout.argoproj.io/web"),
    ],
)
def test_name(kind: str, name: str) -> None:
    assert short(Ref(kind, "shop", "web"), with_namespace=False) == name
    assert short(Ref(kind, "shop", "web"), with_namespace=True) == f"shop/{name}"
