"""What of a ResourceQuota decides about what may be added."""

from __future__ import annotations

import json

import pytest

from tests.support.pods import Json
from webhook.cluster.pager import Meta, Object
from webhook.cluster.snapshot_objects import QUOTAS, with_quota
from webhook.model.subject import Namespace


def _namespace(spec: Json) -> Namespace:
    found = Object(Meta(name="quota", namespace="shop"), json.dumps({"spec": spec}).encode())
    return with_quota(Namespace("shop"), QUOTAS.read(found))


@pytest.mark.parametrize(
    "key", ["ephemeral-storage", "requests.ephemeral-storage", "limits.ephemeral-storage"]
)
def test_ephemeral_storage_is_counted_under_each_of_its_names(key: str) -> None:
    assert _namespace({"hard": {key: "1Gi"}}).counts_ephemeral_storage


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({}, id="counts nothing"),
        pytest.param({"hard": None}, id="counts null"),
        pytest.param({"hard": {"limits.memory": "1Gi", "requests.storage": "1Gi"}}, id="counts others"),
    ],
)
def test_others_do_not_count_it(spec: Json) -> None:
    assert not _namespace(spec).counts_ephemeral_storage
