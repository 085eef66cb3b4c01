"""Answers, logs and metrics stay short, whichever field of a review is long, and however many there are."""

from __future__ import annotations

import asyncio
import base64
import gc
import json
import re
import tracemalloc
from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from msgspec import Struct

from tests.support.pods import pod, policy, snapshot
from tests.support.server import Server, review_of
from webhook.model import names
from webhook.model.pod import PodView
from webhook.server.metrics import Metrics
from webhook.server.reviewer import Reviewer
from webhook.server.wire import AdmissionRequest

# Six times as long once it is written as JSON: longer than a whole patch may be.
LONG = "\0" * 60_000
MANY = 10_000
POLICIES = """
apiVersion: podtailor.dev/v1alpha1
kind: ClusterWorkloadPolicy
metadata: {name: bounds}
spec:
  nodeSelector: {disk: ssd}
  tolerations: [{key: a, operator: Exists}]
  resources:
    limits: [{type: Container, min: {cpu: "2"}, max: {memory: 1Mi}, defaultRequest: {cpu: "3"}}]
"""
Fields = tuple[str, ...]


def _with_long_string(of: Any) -> Iterator[tuple[Fields, Any]]:
    """Values of a type, each with one long string, and the path to it."""
    origin, arguments = get_origin(of), [each for each in get_args(of) if each is not NoneType]
    if origin in (Union, UnionType):
        yield from _with_long_string(str if str in arguments else arguments[0])
    elif origin is list:
        yield from (((*at, "[]"), [value]) for at, value in _with_long_string(arguments[0]))
        yield ("[many]",), [value for _, value in _many(arguments[0])]
    elif origin is dict:
        yield ("key",), {LONG: "1"}
        yield ("[many]",), {f"podtailor.dev/k{number}": "1" for number in range(MANY)}
        yield from ((("value", *at), {"cpu": value}) for at, value in _with_long_string(arguments[1]))
    elif isinstance(of, type) and issubclass(of, Struct):
        yield ("instead",), LONG
        for name, inner in get_type_hints(of).items():
            yield from (((name, *at), {name: value}) for at, value in _with_long_string(inner))
    else:
        yield (), LONG


def _many(of: Any) -> Iterator[tuple[int, Any]]:
    is_object = isinstance(of, type) and issubclass(of, Struct)
    has_name = is_object and "name" in get_type_hints(of)
    for number in range(200 if has_name else MANY):  # Pods with more containers are exempt
        yield number, {"name": f"c{number}"} if has_name else {} if is_object else f"v{number}"


def _requests() -> Iterator[Any]:
    for at, value in _with_long_string(PodView):
        made = pod()
        yield pytest.param({"object": _joined(made, value)}, id=".".join(("object", *at)))
    for at, value in _with_long_string(AdmissionRequest):
        yield pytest.param(value, id=".".join(("request", *at)))
    keys = [value for key, value in vars(names).items() if key.isupper() and isinstance(value, str)]
    for kind in ("labels", "annotations"):
        for key in keys:
            for name, value in (("long", LONG), ("many", ",".join(map(str, range(MANY))))):
                made = _joined(pod(), {"metadata": {kind: {key: value}}})
                yield pytest.param({"object": made}, id=f"{name} {kind} {key}")


def _joined(base: Any, value: Any) -> Any:
    if not isinstance(base, dict) or not isinstance(value, dict):
        return value
    return base | {key: _joined(base.get(key), each) for key, each in value.items()}


def _review(request: Any) -> bytes:
    review = review_of(pod())
    review["request"] = _joined(review["request"], request)
    return json.dumps(review).encode()


REQUESTS = list(_requests())


@pytest.fixture(scope="module", params=["enforce", "audit"])
def server_with_policies(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """With policies that produce messages for every Pod."""
    folder = tmp_path_factory.mktemp("long")
    (folder / "policies.yaml").write_text(POLICIES)
    flags = (f"--policies={folder / 'policies.yaml'}", f"--mode={request.param}", "--builtin=strict")
    server = Server(folder, *flags)
    try:
        yield server
        _check_lines(server)
        _check_metrics(server)
    finally:
        assert server.stop() == 0


def test_all_fields_are_tried() -> None:
    ids = {each.id for each in REQUESTS}
    assert {"object.spec.containers.name.[]", "request.uid", "object.metadata.labels.key"} <= ids
    assert len(ids) > 100


@pytest.mark.parametrize("request_", REQUESTS)
def test_answers_are_short(server_with_policies: Server, request_: Any) -> None:
    status, answer = server_with_policies.post(_review(request_))
    assert status in (200, 400)
    if status == 400:
        assert len(answer) < 2000
        return
    response = json.loads(answer)["response"]
    patch = base64.b64decode(response.pop("patch", ""))
    # Annotations may have 256 KiB; nothing else in a patch has the length of a value of the Pod.
    assert len(patch) < 300_000
    assert len(json.dumps(response)) < 10_000
    assert all(len(warning) <= 256 and warning.isprintable() for warning in response.get("warnings", ()))


@pytest.mark.parametrize("envelope", [{"apiVersion": LONG}, {"kind": LONG}, {"request": LONG}, {LONG: 1}])
def test_answers_to_invalid_reviews_are_short(server_with_policies: Server, envelope: dict[str, Any]) -> None:
    status, answer = server_with_policies.post(json.dumps({**review_of(pod()), **envelope}).encode())
    assert status == (200 if LONG in envelope else 400)
    assert len(answer) < 4000


def _check_lines(server: Server) -> None:
    """Of refused requests and other log lines too."""
    server.review(pod(), uid="the-end")
    server.process.wait_for_line(lambda line: "the-end" in line or None)
    assert max(map(len, server.process.lines)) < 32_000
    for line in server.process.lines:
        review = json.loads(line).get("review", {})
        assert all(len(value) <= 201 for value in review.values() if isinstance(value, list))


def _check_metrics(server: Server) -> None:
    _, text = server.health("/metrics")
    labels = re.findall(r'="([^"]*)"', text)
    assert max(map(len, labels)) < 64
    assert len(text.splitlines()) < 300


def test_no_memory_is_kept() -> None:
    bounds = "resources: {limits: [{type: Container, min: {cpu: '2'}}]}"
    reviewer = Reviewer(snapshot(policy(bounds)), Metrics())
    bodies = [_review(each.values[0]) for each in REQUESTS if "[many]" not in each.id]

    async def ask() -> int:
        tracemalloc.start()
        for body in bodies:
            try:
                await reviewer.review(body)
            except Exception:  # noqa: BLE001, S112 (invalid reviews are tested above)
                continue
        reviewer.recorder.flush()
        gc.collect()
        kept, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return kept

    asyncio.run(reviewer.review(_review({})))
    assert asyncio.run(ask()) < len(LONG)
