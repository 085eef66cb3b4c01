"""What is kept of a cluster's policies: little of those over the limit of their namespace."""

from __future__ import annotations

import bisect

import msgspec
from msgspec import Struct, structs

from webhook.cluster.pager import Meta, Object, ObjectStore, Resource
from webhook.policies import policy_kinds

# Of a policy's spec. The largest that ship have a few hundred bytes.
MAX_BYTES = 32_768
# Whose counts the status of a policy has. More replicas are not installed; it bounds what is left by those
# that are gone.
MAX_REPLICAS = 50
# Tenants write WorkloadPolicies, and each of them costs every review in its namespace.
MAX_IN_A_NAMESPACE = 20


class Condition(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A `metav1.Condition`."""

    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""
    observedGeneration: int = 0
    lastTransitionTime: str = ""


class MatchedBy(Struct, frozen=True):
    """How many Pods one replica has seen the policy match."""

    replica: str
    pods: int
    since: str
    """When the replica started."""


class PolicyObject(Struct, frozen=True):
    """A policy as the API server has it: its spec, not parsed yet, and what of its status is ours."""

    kind: policy_kinds.PolicyKind
    metadata: Meta
    spec: bytes | None
    """JSON; None if it is larger than `MAX_BYTES` or `is_excess`."""
    ready: Condition | None
    is_excess: bool = False
    """Its namespace has `MAX_IN_A_NAMESPACE` older ones, so its spec is not kept."""
    matched_by: tuple[MatchedBy, ...] = ()

    @property
    def key(self) -> str:
        """`name`, or `namespace/name`."""
        return f"{self.metadata.namespace or ''}/{self.metadata.name}".removeprefix("/")

    @property
    def namespace(self) -> str:
        """Empty for a ClusterWorkloadPolicy."""
        return self.metadata.namespace or ""

    @property
    def age(self) -> tuple[str, str]:
        """Sorts older ones first: creation time, and key in the `ObjectStore`."""
        return self.metadata.creationTimestamp or "", f"{self.namespace}/{self.metadata.name}"

    def as_excess(self) -> PolicyObject:
        return structs.replace(self, spec=None, is_excess=True, matched_by=())


class _Status(Struct, frozen=True):
    conditions: list[Condition] | None = None
    matchedBy: tuple[MatchedBy, ...] | None = None


class _SpecOnly(Struct, frozen=True):
    spec: msgspec.Raw = msgspec.Raw(b"null")


class _Parts(_SpecOnly, frozen=True):
    status: _Status | None = None


class PolicyStore(ObjectStore[PolicyObject]):
    """Keeps the specs of the oldest policies in each namespace.

    Oldest first, so new policies cannot displace older ones. Those over the limit are not parsed.
    """

    def __init__(self) -> None:
        super().__init__()
        self._ages: dict[str, list[tuple[str, str]]] = {}
        """By namespace: the `age` of each policy, oldest first."""
        self._shrunk: set[str] = set()
        """Namespaces that have lost a policy: the next one may be among the oldest now, without its spec."""

    def put(self, key: str, item: PolicyObject) -> bool:
        before = self.get(key)
        if before is None or before.age != item.age:
            self._forget(before)
            bisect.insort(self._ages.setdefault(item.namespace, []), item.age)
        first_excess = self._ages[item.namespace][MAX_IN_A_NAMESPACE : MAX_IN_A_NAMESPACE + 1]
        is_excess = first_excess and item.age >= first_excess[0]
        differs = super().put(key, item.as_excess() if is_excess else item)
        for _, displaced in first_excess:
            if not self[displaced].is_excess:
                differs |= super().put(displaced, self[displaced].as_excess())
        return differs

    def drop(self, key: str) -> bool:
        self._forget(self.get(key))
        return super().drop(key)

    def incomplete(self) -> list[str]:
        incomplete = []
        for namespace in tuple(self._shrunk):
            oldest = self._ages.get(namespace, ())[:MAX_IN_A_NAMESPACE]
            keys = [key for _, key in oldest if self[key].is_excess]
            if not keys:
                self._shrunk.discard(namespace)
            incomplete += keys
        return incomplete

    def _forget(self, policy_object: PolicyObject | None) -> None:
        if policy_object is None:
            return
        ages = self._ages[policy_object.namespace]
        del ages[bisect.bisect_left(ages, policy_object.age)]
        if not ages:
            del self._ages[policy_object.namespace]
        self._shrunk.add(policy_object.namespace)


_PARTS = msgspec.json.Decoder(_Parts)
_SPECS = msgspec.json.Decoder(_SpecOnly)


# The values that podtailor writes are shorter; of others it is enough to see that they differ.
_MAX_VALUE = 64


def _short(ready: Condition) -> Condition:
    """Without its message, which is not compared."""
    status, reason, changed = (
        value[:_MAX_VALUE] for value in (ready.status, ready.reason, ready.lastTransitionTime)
    )
    return structs.replace(ready, status=status, reason=reason, message="", lastTransitionTime=changed)


def policies_of(kind: policy_kinds.PolicyKind) -> Resource[PolicyObject]:
    def read(each: Object) -> PolicyObject:
        try:
            parts = _PARTS.decode(each.raw)
        except msgspec.MsgspecError:  # a status that is not ours: it will be overwritten
            parts = _Parts(_SPECS.decode(each.raw).spec)
        status = parts.status or _Status()
        ready = next((_short(each) for each in status.conditions or () if each.type == "Ready"), None)
        spec = bytes(parts.spec)
        metadata = structs.replace(each.metadata, labels=None)  # there may be many, and none is read
        return PolicyObject(
            kind,
            metadata,
            spec if len(spec) <= MAX_BYTES else None,
            ready,
            matched_by=(status.matchedBy or ())[-MAX_REPLICAS:],
        )

    store = PolicyStore if kind.scope == "Namespaced" else ObjectStore
    # Small pages: the API server accepts policies of half a megabyte.
    return Resource(
        kind.plural,
        f"/apis/{policy_kinds.API_VERSION}/{kind.plural}",
        read,
        page=50,
        is_custom=True,
        store=store,
    )
