"""What is kept of the policies of a cluster."""

from __future__ import annotations

import bisect

import msgspec
from msgspec import Struct, structs

from webhook.cluster.pager import Meta, Object, ObjectStore, Resource
from webhook.policies import policy_kinds

# Of a policy's spec. The largest that ship have a few hundred.
MAX_BYTES = 32_768
# People who do not run the cluster write these: what they write costs every request of their namespace.
MAX_IN_A_NAMESPACE = 20


class Condition(Struct, frozen=True, omit_defaults=True):
    """A `metav1.Condition`."""

    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""
    observedGeneration: int = 0
    lastTransitionTime: str = ""


class PolicyObject(Struct, frozen=True):
    """A policy of the cluster: what it says, not read yet, and the condition it has now."""

    kind: policy_kinds.PolicyKind
    metadata: Meta
    spec: bytes | None
    """None: not kept, for it is more than `MAX_BYTES`, or `is_excess`."""
    ready: Condition | None
    is_excess: bool = False
    """Its namespace has `MAX_IN_A_NAMESPACE` older ones: its spec is neither kept nor read."""

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
        """Older ones first: when it was made, and its key in `ObjectStore`."""
        return self.metadata.creationTimestamp or "", f"{self.namespace}/{self.metadata.name}"

    def as_excess(self) -> PolicyObject:
        return structs.replace(self, spec=None, is_excess=True)


class _Status(Struct, frozen=True):
    conditions: list[Condition] | None = None


class _SpecOnly(Struct, frozen=True):
    spec: msgspec.Raw = msgspec.Raw(b"null")


class _Parts(_SpecOnly, frozen=True):
    status: _Status | None = None


class PolicyStore(ObjectStore[PolicyObject]):
    """Of the oldest policies of each namespace all is kept, of the others little more than the name.

    Oldest first: new policies cannot displace older ones.
    """

    def __init__(self) -> None:
        super().__init__()
        self._ages: dict[str, list[tuple[str, str]]] = {}
        """By namespace the `age` of each, oldest first."""
        self._thinned: set[str] = set()
        """Namespaces that have lost one: the next of them is among the oldest now, and not kept whole."""

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
        found = []
        for namespace in tuple(self._thinned):
            oldest = self._ages.get(namespace, ())[:MAX_IN_A_NAMESPACE]
            keys = [key for _, key in oldest if self[key].is_excess]
            if not keys:
                self._thinned.discard(namespace)
            found += keys
        return found

    def _forget(self, policy_object: PolicyObject | None) -> None:
        if policy_object is None:
            return
        ages = self._ages[policy_object.namespace]
        del ages[bisect.bisect_left(ages, policy_object.age)]
        if not ages:
            del self._ages[policy_object.namespace]
        self._thinned.add(policy_object.namespace)


_PARTS = msgspec.json.Decoder(_Parts)
_SPECS = msgspec.json.Decoder(_SpecOnly)


# Our own are shorter; of another it is enough that it is not ours.
_MAX_WORD = 64


def _short(ready: Condition) -> Condition:
    """Without its message, which is not compared."""
    status, reason, changed = (
        word[:_MAX_WORD] for word in (ready.status, ready.reason, ready.lastTransitionTime)
    )
    return Condition(ready.type, status, reason, "", ready.observedGeneration, changed)


def policies_of(kind: policy_kinds.PolicyKind) -> Resource[PolicyObject]:
    def read(found: Object) -> PolicyObject:
        try:
            parts = _PARTS.decode(found.raw)
        except msgspec.MsgspecError:  # whoever wrote that status: it will be written anew
            parts = _Parts(_SPECS.decode(found.raw).spec)
        conditions = (parts.status or _Status()).conditions or ()
        ready = next((_short(each) for each in conditions if each.type == "Ready"), None)
        spec = bytes(parts.spec)
        metadata = structs.replace(
            found.metadata, labels=None
        )  # as many as it likes, and nothing is read from them
        return PolicyObject(kind, metadata, spec if len(spec) <= MAX_BYTES else None, ready)

    store = PolicyStore if kind.scope == "Namespaced" else ObjectStore
    # The API server takes half a megabyte of each.
    return Resource(
        kind.plural,
        f"/apis/{policy_kinds.API_VERSION}/{kind.plural}",
        read,
        page=50,
        is_custom=True,
        store=store,
    )
