"""Struct types that several threads use for the first time at once."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# What threads do here: reflectors read what the API server sends, others judge Pods.
_MANY_AT_ONCE = """
import sys, threading
sys.setswitchinterval(1e-6)
{imports}
barrier = threading.Barrier(8)
def use():
    barrier.wait()
    for _ in range(20):
        {use}
threads = [threading.Thread(target=use) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""
_POD = """{"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "resources": {"limits": {}}}]}}"""


def _exit_codes(times: int, imports: str, use: str) -> set[int]:
    program = _MANY_AT_ONCE.format(imports=imports, use=use)
    return {
        subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode
        for _ in range(times)
    }


def test_pods_are_read_by_many_threads_at_once() -> None:
    assert _exit_codes(20, "from webhook.model.pod import pod_view", f"pod_view({_POD})") == {0}


_KINDS = """
from webhook.cluster.snapshot_objects import NAMESPACES, QUOTAS, LIMIT_RANGES
from webhook.cluster.policy_objects import policies_of
from webhook.cluster.pager import parse_object
from webhook.policies import policy_kinds
kinds = [NAMESPACES, QUOTAS, LIMIT_RANGES, *map(policies_of, policy_kinds.KINDS)]
raw = b'{"metadata": {"name": "a", "annotations": {"scheduler.alpha.kubernetes.io/tolerationsWhitelist": "[{}]"}}}'
"""


def test_objects_of_a_cluster_are_read_by_many_threads_at_once() -> None:
    assert _exit_codes(4, _KINDS, "[kind.read(parse_object(raw)) for kind in kinds]") == {0}


_MANIFEST = """
from webhook.images.registry.manifests import read_configuration, read_manifest
index = b'{"manifests": [{"digest": "sha256:%s", "platform": {"os": "linux", "architecture": "arm64"}}]}' % (64 * b"a")
"""


def test_manifests_of_images_are_read_by_many_threads_at_once() -> None:
    use = """read_manifest(index, ""), read_configuration(b'{"os": "linux", "architecture": "arm64"}')"""
    assert _exit_codes(10, _MANIFEST, use) == {0}


def _read_where_used(program: str) -> Iterator[str]:
    """Types given to `convert` or `decode` where a function runs, not to a Decoder where the module is read."""
    for node in ast.walk(ast.parse(program)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id
            if name == "convert" and len(node.args) > 1:
                yield ast.unparse(node.args[1])
            if name == "decode":
                yield from (ast.unparse(each.value) for each in node.keywords if each.arg == "type")


_ROOMS = [
    "model",
    "edits",
    "engine",
    "policies",
    "cluster",
    "server",
    "certificates",
    "images",
    "usage/prometheus",
]


@pytest.mark.parametrize("room", _ROOMS)
def test_every_type_that_threads_may_read_is_prepared(room: str) -> None:
    """Commands have one thread, but for those that ask registries or Prometheus.

    `Applied` is no Struct, and a Secret is read by one thread.
    """
    programs = [file.read_text() for file in Path("webhook", room).rglob("*.py")]
    assert programs
    for program in programs:
        used = {*_read_where_used(program)} - {"Applied", "_Secret"}
        assert {each for each in used if not re.search(rf"\b(prepare|Decoder)\({each}\)", program)} == set()
