"""Autoscalers of a workload are heeded, also if one of its Pods is named alone."""

from __future__ import annotations

import json

import pytest

from tests.e2e.resize.conftest import AUTOSCALER, Space
from tests.resize.pods import SIZED
from tests.support.pods import pod


@pytest.mark.parametrize("named", ["deployment/web", "pod"])
def test_what_scales_on_requests_is_named_with_its_new_target(space: Space, named: str) -> None:
    names = space.deploy("web", 2, pod(container=SIZED))
    space.cluster.kubectl("create", "-f", "-", f"--namespace={space.name}", stdin=json.dumps(AUTOSCALER))
    target = f"pod/{names[0]}" if named == "pod" else named
    refused = space.resize(target, "--cpu=200m", "--apply", "-o", "json")
    assert refused.code == 1
    (refusal,) = refused.data["refusals"]
    assert refusal["name"] == "hpa"
    assert "a target of 35 % instead of 70 % keeps its replicas" in refusal["message"]
    assert {*space.cpu().values()} == {"100m"}
    done = space.resize(target, "--cpu=200m", "--with-hpa", "--settle=0", "--apply", "-o", "json")
    assert done.code == 0, done.err
