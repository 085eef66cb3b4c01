"""The annotation `podtailor.dev/applied`: which policy set what."""

from __future__ import annotations

import json

import pytest

from tests.support.pods import Json, pod, policy, tailored
from webhook.engine.snapshot import Snapshot, snapshot_of
from webhook.model.names import APPLIED

EVERYTHING = policy(
    "resizePolicy: {cpu: NotRequired}\nnodeSelector: {a: b}\ntolerations: [{operator: Exists}]\n"
    "resources: {limits: [{type: Container, defaultRequest: {cpu: 1m}}]}"
)
FIELDS = '["app:requests.cpu","app:resizePolicy.cpu","pod:nodeSelector.a","pod:tolerations"]'
SNAPSHOT = snapshot_of([EVERYTHING])


def applied(obj: Json, within: Snapshot = SNAPSHOT) -> str | None:
    annotations = tailored(obj, within=within)["metadata"].get("annotations") or {}
    value: str | None = annotations.get(APPLIED)
    return value


def test_says_policy_and_sorted_fields_compactly() -> None:
    assert applied(pod()) == f'{{"test":{FIELDS}}}'


def test_joins_what_an_older_one_says() -> None:
    older = pod(metadata="""annotations: {podtailor.dev/applied: '{"z":["x:y"],"test":["b:c"]}'}""")
    assert json.loads(applied(older) or "") == {
        "test": sorted([*json.loads(FIELDS), "b:c"]),
        "z": ["x:y"],
    }


def test_adds_to_an_older_count() -> None:
    assert applied(pod(metadata="""annotations: {podtailor.dev/applied: '{"test":7}'}""")) == '{"test":11}'


@pytest.mark.parametrize("text", ["not json", "[1]", '{"a":{}}', "3", ""])
def test_replaces_what_cannot_be_read(text: str) -> None:
    older = pod()
    older["metadata"]["annotations"] = {APPLIED: text}
    assert applied(older) == f'{{"test":{FIELDS}}}'


def test_counts_where_fields_would_take_more_than_4_kib() -> None:
    many = pod()
    many["spec"]["containers"] = [{"name": f"container-number-{n}"} for n in range(200)]
    assert applied(many) == '{"test":402}'


def test_is_left_out_where_annotations_would_become_too_large() -> None:
    full = pod()
    full["metadata"]["annotations"] = {"a": "x" * 262_100}
    assert applied(full) is None
    assert tailored(full, within=SNAPSHOT)["spec"]["tolerations"]


def test_comes_only_with_another_change() -> None:
    assert applied(pod(metadata="labels: {podtailor.dev/injection: disabled}")) is None
    assert applied(pod(), snapshot_of([policy("")])) is None


def test_is_left_out_on_request() -> None:
    assert applied(pod(), snapshot_of([EVERYTHING], annotate=False)) is None
