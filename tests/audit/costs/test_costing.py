"""Costs of an audit, if the caller may read what they are computed from."""

from __future__ import annotations

import pytest
from kubernetes.client import ApiClient

from tests.cluster.fake_api import FakeApi
from webhook.audit.costs.costing import costing_of
from webhook.errors import ClusterError


def test_who_may_not_read_nodes_is_told_so_and_nothing_else(fake_cluster: tuple[FakeApi, ApiClient]) -> None:
    fake, api = fake_cluster
    fake.respond({"kind": "Status", "message": "nodes is forbidden"}, status=403)
    assert costing_of(api) == (None, "nodes: 403 nodes is forbidden")
    fake.respond({}, status=500)
    with pytest.raises(ClusterError):
        costing_of(api)
