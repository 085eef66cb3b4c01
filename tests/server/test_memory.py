"""Memory stays below the limit in the manifests, whatever is sent, and however much of it at once."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
from pathlib import Path

import pytest

from tests.support.examples import at_most
from tests.support.large import FULL_SNAPSHOT, HEAD, MIB, memory, memory_limit, request, review, together
from tests.support.pods import Json, pod, snapshot
from tests.support.server import Server, review_of
from webhook.policies.shipped import Profile, shipped
from webhook.server.metrics import Metrics
from webhook.server.reviewer import Reviewer
from webhook.server.wire import MAX_ELEMENTS

_TOLERATIONS = ",".join(["{}"] * 1_000_000)
# The most expensive ones: unique, two strings, four bytes a character.
_LABELS = ",".join(f'"{number:x}é":"😀"' for number in range(MAX_ELEMENTS - 100))
_NAMES = ",".join(f"{number:x}" for number in range(MAX_ELEMENTS - 100))
OK = b"HTTP/1.1 200 OK"
# If overloaded, or on a slow machine if a body does not arrive in time.
REFUSED = {b"HTTP/1.1 503 Service Unavailable", b"HTTP/1.1 400 Bad Request", b""}


# What the cases without it find already, for the most part; each takes a server of its own.
_LONG = pytest.mark.soak
_BODIES = [
    pytest.param(review(f'"tolerations": [{_TOLERATIONS}],'), id="a million empty tolerations"),
    pytest.param(review(metadata=f'"labels": {{{_LABELS}}},'), id="the most labels that are decoded"),
    pytest.param(review(metadata=f'"annotations": {{"podtailor.dev/skip-containers": "{_NAMES}"}},'), id="as many names to skip", marks=_LONG),
    pytest.param(review('"initContainers": [{"name": "' + "x" * 7 * MIB + '"}],'), id="a name of 7 MiB", marks=_LONG),
    pytest.param(review(metadata='"labels": {"podtailor.dev/workload-type": "' + "x." * 3 * MIB + '"},'), id="three million types", marks=_LONG),
]  # fmt: skip


@pytest.mark.parametrize("body", _BODIES[: at_most(len(_BODIES))])
def test_large_pods_at_once_take_less_than_the_limit(tmp_path: Path, body: bytes) -> None:
    server = Server(tmp_path, "--builtin=strict")
    try:
        at_rest = memory(server.process.pid, "VmRSS")
        answers = together(server.port, request(body), 48)
        assert set(answers) <= {OK, *REFUSED}
        assert OK in answers
        assert memory(server.process.pid) - at_rest < memory_limit() - FULL_SNAPSHOT
        assert server.review(pod())["allowed"]
    finally:
        assert server.stop() == 0


_ATTACKS = [
    pytest.param(HEAD + b"a:\r\n" * 60_000, id="60,000 headers"),
    pytest.param(HEAD + b"Content-Length: 3000000\r\n\r\n" + b"x" * 300_000, id="a body that stops at 300 KB"),
    pytest.param(request(b"[" + b"1," * 350_000 + b"1]"), id="a kept connection after 700 KB", marks=_LONG),
    pytest.param(HEAD + b"a:\r\n" * 3_900 + b"Content-Length: 9\r\n\r\n{", id="3,900 headers and a slow body", marks=_LONG),
    pytest.param(HEAD + b"a: " + b"x" * 250_000 + b"\r\nContent-Length: 9\r\n\r\n{", id="a header of 250 KB", marks=_LONG),
    pytest.param((HEAD + b"Content-Length: 2\r\n\r\n{}") * 2_600, id="2,600 requests at once"),
]  # fmt: skip


@pytest.mark.parametrize("data", _ATTACKS[: at_most(len(_ATTACKS))])
def test_many_connections_take_less_than_the_limit(tmp_path: Path, data: bytes) -> None:
    server = Server(tmp_path)
    try:
        at_rest = memory(server.process.pid, "VmRSS")
        together(server.port, data, 500, seconds=4)
        assert memory(server.process.pid) - at_rest < memory_limit() - FULL_SNAPSHOT
        assert server.review(pod())["allowed"]
    finally:
        assert server.stop() == 0


def _reviewer() -> Reviewer:
    return Reviewer(snapshot(*shipped(Profile.STRICT, ())), Metrics())


def _answer(body: bytes) -> dict[str, object]:
    answer: dict[str, object] = json.loads(asyncio.run(_reviewer().review(body)))["response"]
    return answer


def test_pod_with_more_elements_than_etcd_could_store_is_exempt() -> None:
    answer = _answer(review(f'"tolerations": [{_TOLERATIONS}],'))
    reason = f"too-large: more than {MAX_ELEMENTS} commas and braces in its JSON"
    assert answer == {"uid": "6f0c", "allowed": True, "auditAnnotations": {"left-alone": reason}}


# As data: to read megabytes of YAML takes seconds.
_LARGE = [
    pytest.param({"metadata": {"annotations": {"note": "," * 90_000}}}, id="an annotation full of commas"),
    pytest.param({"metadata": {"annotations": {"last": json.dumps([{"a": 1, "b": [2]}] * 9000)}}}, id="JSON in an annotation of 250 KiB"),
    pytest.param({"env": [{"name": f"V{n}", "value": "v" * 200} for n in range(9000)]}, id="two MiB of variables"),
    pytest.param({"args": ["x" * 3 * MIB]}, id="an argument of three MiB"),
]  # fmt: skip


@pytest.mark.parametrize("fields", _LARGE)
def test_large_pods_that_etcd_could_store_are_tailored(fields: Json) -> None:
    large = pod()
    large["metadata"] |= fields.get("metadata", {})
    large["spec"]["containers"][0] |= {name: value for name, value in fields.items() if name != "metadata"}
    assert "patch" in _answer(json.dumps(review_of(large)).encode())


def test_no_pod_is_kept_after_its_answer() -> None:
    reviewer = _reviewer()
    body = review(metadata=f'"labels": {{{_LABELS}}},')

    async def ask() -> int:
        await reviewer.review(body)
        tracemalloc.start()
        for _ in range(2):  # each is many MiB, and all are fewer than one batch of the recorder
            await reviewer.review(body)
        kept, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return kept

    assert asyncio.run(ask()) < MIB
