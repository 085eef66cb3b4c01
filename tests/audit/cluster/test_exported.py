"""What was exported, and what binds it, by what the API server says of both."""

from __future__ import annotations

from kubernetes.client import ApiClient

from tests.audit.cluster.test_installation import NOTHING, T2, T3, managed, one
from tests.cluster.fake_api import FakeApi
from webhook.audit.cluster.exported import exported_policies, with_exported_policies
from webhook.audit.cluster.installation import Installation
from webhook.cluster.part import WHOLE_CLUSTER, ClusterPart
from webhook.export.marks import OPTIONS, POLICIES

SELECTORS = {
    "namespaceSelector": {"matchExpressions": [{"key": "a", "operator": "Exists"}]},
    "objectSelector": {"matchLabels": {"b": "c"}},
}
ANNOTATIONS = {POLICIES: '{"general":"012345"}', OPTIONS: "--builtin=strict --preset=redis"}


def test_exported_policy_is_read_with_what_binds_it(fake_cluster: tuple[FakeApi, ApiClient]) -> None:
    fake, api = fake_cluster
    policy = one(
        metadata={"annotations": ANNOTATIONS, "managedFields": [managed(T2, "spec")]},
        spec={"matchConstraints": SELECTORS},
    )
    bindings = one(
        metadata={"name": "mine", "managedFields": [managed(T3, "spec")]}, spec={"policyName": "podtailor"}
    )
    bindings["items"] += one(metadata={"name": "another"}, spec={"policyName": "other"})["items"]
    fake.respond(policy, bindings)
    found = with_exported_policies(api, Installation(), WHOLE_CLUSTER)
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
    fake.respond(one(spec={}), NOTHING)
    (exported,) = exported_policies(api)
    assert not exported.is_bound


def test_older_api_server_has_no_exported_policy(fake_cluster: tuple[FakeApi, ApiClient]) -> None:
    fake, api = fake_cluster
    fake.respond({}, {}, status=404)
    assert exported_policies(api) == ()


def test_whoever_may_not_read_exported_policies_is_told(fake_cluster: tuple[FakeApi, ApiClient]) -> None:
    fake, api = fake_cluster
    fake.respond({}, status=403)
    notes: list[str] = []
    part = ClusterPart(unreadable=notes)
    assert with_exported_policies(api, Installation(arguments=("serve",)), part).exported == ()
    (note,) = notes
    assert note.startswith("you may not read MutatingAdmissionPolicies and their bindings: ")
