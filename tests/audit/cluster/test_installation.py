"""What is installed in a cluster, and since when, by what the API server says of it."""

from __future__ import annotations

from typing import Any

from kubernetes.client import ApiClient

from tests.cluster.fake_api import FakeApi
from tests.support.pods import Json
from webhook.audit.cluster.installation import enforcement, installation
from webhook.cluster.part import ClusterPart
from webhook.export.marks import OPTIONS, POLICIES

NOTHING: Json = {"metadata": {}, "items": []}
T1, T2, T3, T4 = (f"2026-01-0{day}T00:00:00Z" for day in (1, 2, 3, 4))


def _one(**parts: Any) -> Json:
    metadata = {"name": "podtailor", "creationTimestamp": T1, **parts.pop("metadata", {})}
    return {"metadata": {}, "items": [{"metadata": metadata, **parts}]}


def _managed(time: str, *fields: str, **more: str) -> Json:
    return {"time": time, "fieldsV1": {f"f:{field}": {} for field in fields}, **more}


def test_nothing_is_installed(fake_cluster: tuple[FakeApi, ApiClient]) -> None:
    fake, api = fake_cluster
    fake.respond(NOTHING, NOTHING, NOTHING)
    found = installation(api)
    assert (found.webhook, found.bundle, found.arguments) == (None, b"", ())
    assert enforcement(api, found, (), "").webhook is None


def test_newest_of_what_decides_counts_and_the_bundle_does_not(
    fake_cluster: tuple[FakeApi, ApiClient],
) -> None:
    fake, api = fake_cluster
    webhooks = [{"clientConfig": {"caBundle": "UEVN"}, "namespaceSelector": {"matchLabels": {"a": "b"}}}]
    managed = [_managed(T2, "namespaceSelector", "rules"), _managed(T3, "caBundle")]
    fake.respond(_one(metadata={"managedFields": managed}, webhooks=webhooks), NOTHING)
    containers = [
        {
            "args": ["serve", "--mode=Audit"],
            "env": [{"name": "PODTAILOR_PRESET", "value": "redis jvm"}, {"name": "HOME", "value": "/"}],
        }
    ]
    fake.respond(_one(spec={"template": {"spec": {"containers": containers}}}))
    found = installation(api)
    assert found.webhook
    assert (found.webhook.changed, found.bundle, found.changed) == (T2, b"PEM", T1)
    assert found.arguments == ("serve", "--preset=redis", "--preset=jvm", "serve", "--mode=Audit")


def test_rollout_of_the_server_counts_to_its_end(fake_cluster: tuple[FakeApi, ApiClient]) -> None:
    fake, api = fake_cluster
    conditions = [{"type": "Available", "lastUpdateTime": T3}, {"type": "Progressing", "lastUpdateTime": T2}]
    fake.respond(NOTHING, NOTHING, _one(spec={}, status={"conditions": conditions}))
    assert installation(api).changed == T2


def test_write_of_the_status_dates_the_removal_of_a_clause(fake_cluster: tuple[FakeApi, ApiClient]) -> None:
    fake, api = fake_cluster
    fake.respond(_one(webhooks=[{}]), NOTHING, NOTHING)
    found = installation(api)
    managed = [
        _managed(T1, "spec"),
        _managed(T3, "conditions", subresource="status"),
        _managed(T4, "matchedPods", subresource="status"),
        _managed(T2, "scale", subresource="scale"),
    ]
    fake.respond(
        _one(metadata={"name": "p", "managedFields": managed}), NOTHING, _one(metadata={"name": "shop"})
    )
    times = enforcement(api, found, (("built in (safe)", "general"),), "")
    assert times.policies == {("ClusterWorkloadPolicy p", "p"): T3}
    assert times.namespaces == {"shop": T1}


def test_cluster_without_the_custom_resources_has_none(fake_cluster: tuple[FakeApi, ApiClient]) -> None:
    fake, api = fake_cluster
    fake.respond(_one(webhooks=[{}]), NOTHING, NOTHING)
    found = installation(api)
    fake.respond({}, {}, status=404)
    fake.respond(NOTHING)
    assert enforcement(api, found, (), "").policies == {}


SELECTORS = {
    "namespaceSelector": {"matchExpressions": [{"key": "a", "operator": "Exists"}]},
    "objectSelector": {"matchLabels": {"b": "c"}},
}
ANNOTATIONS = {POLICIES: '{"general":"012345"}', OPTIONS: "--builtin=strict --preset=redis"}


def test_exported_policy_is_read_with_what_binds_it(fake_cluster: tuple[FakeApi, ApiClient]) -> None:
    fake, api = fake_cluster
    policy = _one(
        metadata={"annotations": ANNOTATIONS, "managedFields": [_managed(T2, "spec")]},
        spec={"matchConstraints": SELECTORS},
    )
    bindings = _one(
        metadata={"name": "mine", "managedFields": [_managed(T3, "spec")]}, spec={"policyName": "podtailor"}
    )
    bindings["items"] += _one(metadata={"name": "another"}, spec={"policyName": "other"})["items"]
    fake.respond(NOTHING, policy, bindings, NOTHING)
    found = installation(api)
    (exported,) = found.exported
    assert exported.is_bound
    assert exported.digests == {"general": "012345"}
    assert (exported.scope.changed, exported.scope.selector) == (T3, "MutatingAdmissionPolicy podtailor")
    assert [str(each) for each in exported.scope.namespaces.requirements] == ["a"]
    assert [str(each) for each in exported.scope.objects.requirements] == ["b=c"]
    # Without a server, it says which of the policies that ship are in force.
    assert found.arguments == ("serve", "--builtin=strict", "--preset=redis")


def test_exported_policy_without_binding_is_not_applied(fake_cluster: tuple[FakeApi, ApiClient]) -> None:
    fake, api = fake_cluster
    fake.respond(NOTHING, _one(spec={}), NOTHING, NOTHING)
    (exported,) = installation(api).exported
    assert not exported.is_bound


def test_older_api_server_has_no_exported_policy(fake_cluster: tuple[FakeApi, ApiClient]) -> None:
    fake, api = fake_cluster
    fake.respond(NOTHING)
    fake.respond({}, status=404)
    fake.respond(NOTHING)
    assert installation(api).exported == ()


def test_whoever_may_not_read_exported_policies_is_told(fake_cluster: tuple[FakeApi, ApiClient]) -> None:
    fake, api = fake_cluster
    fake.respond(NOTHING)
    fake.respond({}, status=403)
    fake.respond(NOTHING)
    notes: list[str] = []
    part = ClusterPart(unreadable=notes)
    assert installation(api, part).exported == ()
    (note,) = notes
    assert note.startswith("you may not read MutatingAdmissionPolicies and their bindings: ")
