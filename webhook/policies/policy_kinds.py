"""The kinds of policy that the API server stores: their names and what each may reach."""

from __future__ import annotations

from msgspec import Struct

from webhook.policies import schema
from webhook.policies.scalars import Rule

GROUP, VERSION = schema.GROUP, "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
_ONE_NAMESPACE = Rule(
    "!has(self.spec.match) || !has(self.spec.match.namespaceSelector)",
    "a WorkloadPolicy reaches its own namespace only: no namespaceSelector",
)


class PolicyKind(Struct, frozen=True):
    kind: str
    plural: str
    short: str
    scope: str
    reach: str
    rules: tuple[Rule, ...] = ()


KINDS = (
    PolicyKind("ClusterWorkloadPolicy", "clusterworkloadpolicies", "cwp", "Cluster", "all namespaces"),
    PolicyKind(
        "WorkloadPolicy", "workloadpolicies", "wp", "Namespaced", "its own namespace", (_ONE_NAMESPACE,)
    ),
)
