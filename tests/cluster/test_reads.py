"""What commands read once."""

from __future__ import annotations

from tests.cluster.fake_api import fake_api
from webhook.cluster import reads
from webhook.engine.snapshot import Snapshot
from webhook.policies.shipped import Profile, shipped


def test_command_that_looks_once_finds_no_policies_without_definitions() -> None:
    with fake_api() as (fake, api):
        fake.every_list = {"metadata": {"resourceVersion": "1"}, "items": []}
        fake.not_served = "/apis/podtailor.dev/"
        found, policy_statuses = reads.snapshot(api, Snapshot(), shipped(Profile.SAFE, ()), ())
        assert (len([*found.policies]), policy_statuses) == (4, ())
        assert reads.policy_statuses(api) == ()
        assert [reads.policy_document(api, key) for key in ("web", "shop/web", "")] == [None] * 3
