"""What is installed in a cluster, and since when, by what the API server says of it."""

from __future__ import annotations

from typing import Any

from kubernetes.client import ApiClient

from tests.cluster.fake_api import FakeApi
from tests.support.pods import Json
from webhook.audit.cluster.installation import enforcement, installation

NOTHING: Json = {"metadata": {}, "items": []}
T1, T2, T3, T4 = (f"2026-01-0{day}T00:00:00Z" for day in (1, 2, 3, 4))


def one(**parts: Any) -> Json:
    metadata = {"name": "podtailor", "creationTimestamp": T1, **parts.pop("metadata", {})}
    return {"metadata": {}, "items": [{"metadata": metadata, **parts}]}


def managed(time: str, *fields: str, **more: str) -> Json:
    return {"time": time, "fieldsV1": {f"f:{field}": {} for field in fields}, **more}


def test_nothing_is_installed(fake_cluster: tuple[FakeApi, ApiClient]) -> None:
    fake, api = fake_cluster
    fake.respond(NOTHING, NOTHING)
    found = installation(api)
    assert (found.webhook, found.bundle, found.arguments) == (None, b"", ())
    assert enforcement(api, found, (), "").webhook is None


def test_newest_of_what_decides_counts_and_the_bundle_does_not(
    fake_cluster: tuple[FakeApi, ApiClient],
) -> None:
    fake, api = fake_cluster
    webhooks = [{"clientConfig": {"caBundle": "UEVN"}, "namespaceSelector": {"matchLabels": {"a": "b"}}}]
    entries = [managed(T2, "namespaceSelector", "rules"), managed(T3, "caBundle")]
    fake.respond(one(metadata={"managedFields": entries}, webhooks=webhooks))
    containers = [
        {
            "args": ["serve", "--mode=Audit"],
            "env": [{"name": "PODTAILOR_PRESET", "value": "redis jvm"}, {"name": "HOME", "value": "/"}],
        }
    ]
    fake.respond(one(spec={"template": {"spec": {"containers": containers}}}))
    found = installation(api)
    assert found.webhook
    assert (found.webhook.changed, found.bundle, found.changed) == (T2, b"PEM", T1)
    assert found.arguments == ("serve", "--preset=redis", "--preset=jvm", "serve", "--mode=Audit")


def test_rollout_of_the_server_counts_to_its_end(fake_cluster: tuple[FakeApi, ApiClient]) -> None:
    fake, api = fake_cluster
    conditions = [{"type": "Available", "lastUpdateTime": T3}, {"type": "Progressing", "lastUpdateTime": T2}]
    fake.respond(NOTHING, one(spec={}, status={"conditions": conditions}))
    assert installation(api).changed == T2


def test_write_of_the_status_dates_the_removal_of_a_clause(fake_cluster: tuple[FakeApi, ApiClient]) -> None:
    fake, api = fake_cluster
    fake.respond(one(webhooks=[{}]), NOTHING)
    found = installation(api)
    entries = [
        managed(T1, "spec"),
        managed(T3, "conditions", subresource="status"),
        managed(T4, "matchedPods", subresource="status"),
        managed(T2, "scale", subresource="scale"),
    ]
    fake.respond(
        one(metadata={"name": "p", "managedFields": entries}), NOTHING, one(metadata={"name": "shop"})
    )
    times = enforcement(api, found, (("built in (safe)", "general"),), "")
    assert times.policies == {("ClusterWorkloadPolicy p", "p"): T3}
    assert times.namespaces == {"shop": T1}


def test_cluster_without_the_custom_resources_has_none(fake_cluster: tuple[FakeApi, ApiClient]) -> None:
    fake, api = fake_cluster
    fake.respond(one(webhooks=[{}]), NOTHING)
    found = installation(api)
    fake.respond({}, {}, status=404)
    fake.respond(NOTHING)
    assert enforcement(api, found, (), "").policies == {}
