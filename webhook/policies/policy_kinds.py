"""The two kinds of policy as custom resources: their names, scope and rules."""

from __future__ import annotations

from msgspec import Struct

GROUP, VERSION = "podtailor.dev", "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
TEST_KIND = "PolicyTest"


class Rule(Struct, frozen=True):
    """A CEL rule of a custom resource (`x-kubernetes-validations`); `self` is the value."""

    rule: str
    message: str


_ONE_NAMESPACE = tuple(
    Rule(
        f"!has(self.spec.{clauses}) || !has(self.spec.{clauses}.namespaceSelector)",
        "a WorkloadPolicy applies to its own namespace only: remove namespaceSelector",
    )
    for clauses in ("match", "exclude")
)


class PolicyKind(Struct, frozen=True):
    kind: str
    plural: str
    short: str
    scope: str
    """`Cluster` or `Namespaced`, as in the CustomResourceDefinition."""
    reach: str
    """The namespaces whose Pods it applies to, in words."""
    rules: tuple[Rule, ...] = ()


KINDS = (
    PolicyKind("ClusterWorkloadPolicy", "clusterworkloadpolicies", "cwp", "Cluster", "all namespaces"),
    PolicyKind("WorkloadPolicy", "workloadpolicies", "wp", "Namespaced", "its own namespace", _ONE_NAMESPACE),
)
