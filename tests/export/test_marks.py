"""What the annotations say, and how two of them differ."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from webhook.export.marks import (
    POLICIES,
    Differences,
    differences,
    digest,
    digests,
    policies_of,
    written_policies,
)
from webhook.model.names import Mode
from webhook.model.policy import Origin, Policy, Sizing
from webhook.policies.shipped import Profile, built_in, preset_names, presets

ONE = Policy(name="one", origin=Origin.CLUSTER_WORKLOAD_POLICY, node_selector={"a": "b"}, source="x.yaml:1:1")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"source": "y.yaml:7:1"}, id="the place where it is written"),
        pytest.param({"recommend": Sizing(window=1)}, id="what changes no Pod"),
        pytest.param({"mode": Mode.ENFORCE}, id="a default that is written out"),
    ],
)
def test_digest_leaves(change: dict[str, Any]) -> None:
    assert digest(structs.replace(ONE, **change)) == digest(ONE)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"node_selector": {"a": "c"}}, id="a value"),
        pytest.param({"priority": 1}, id="the precedence"),
        pytest.param({"origin": Origin.PRESET}, id="the origin"),
        pytest.param({"regular_containers_only": True}, id="the containers"),
    ],
)
def test_digest_changes_with(change: dict[str, Any]) -> None:
    assert digest(structs.replace(ONE, **change)) != digest(ONE)


def test_no_two_policies_that_ship_have_one_digest() -> None:
    shipped = [*built_in(Profile.SAFE), *built_in(Profile.STRICT), *presets(preset_names())]
    assert len({digest(each) for each in shipped}) == len(shipped)


def test_annotation_is_read_back_in_its_order() -> None:
    policies = [*built_in(Profile.SAFE)]
    annotations = {POLICIES: written_policies(policies)}
    assert [*policies_of(annotations).items()] == [*digests(policies).items()]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a": 1}'])
def test_annotation_that_somebody_has_edited_names_no_policy(text: str) -> None:
    assert policies_of({POLICIES: text}) == {}


@pytest.mark.parametrize(
    ("exported", "policies", "expected", "words"),
    [
        ({"a": "1"}, {"a": "1"}, Differences(), ""),
        ({"a": "1"}, {"a": "2"}, Differences(changed=("a",)), "changed since: a"),
        ({"a": "1"}, {"a": "1", "b": "1"}, Differences(missing=("b",)), "not in it: b"),
        ({"b": "1", "a": "1"}, {"a": "1"}, Differences(surplus=("b",)), "no longer there: b"),
        (
            {"a": "1", "b": "1"},
            {"b": "1", "a": "1"},
            Differences(is_reordered=True),
            "their order is another",
        ),
        (
            {"a": "1", "b": "1"},
            {"c": "1", "b": "2"},
            Differences(changed=("b",), missing=("c",), surplus=("a",)),
            "changed since: b; not in it: c; no longer there: a",
        ),
    ],
)
def test_differences(
    exported: dict[str, str], policies: dict[str, str], expected: Differences, words: str
) -> None:
    found = differences(exported, policies)
    assert (found, str(found), bool(found)) == (expected, words, bool(words))
