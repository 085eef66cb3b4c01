"""Which of the cluster's policies are in force, and the status of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache

import msgspec
from msgspec import Struct, structs

from webhook.cluster.policy_objects import MAX_BYTES, MAX_IN_A_NAMESPACE, PolicyObject
from webhook.model.policy import Policy
from webhook.model.text import truncate
from webhook.policies import policy_kinds

# The API accepts 32,768 characters of a message; people read fewer, and each is kept in memory.
_MAX_PROBLEM = 900


class PolicyStatus(Struct, frozen=True, kw_only=True):
    """The status of a policy. `policy` is the version that is in force, if there is one."""

    object: PolicyObject
    policy: Policy | None
    is_ready: bool
    reason: str
    message: str

    @property
    def display_name(self) -> str:
        return f"{self.object.kind.kind} {self.object.key}"


class StatusChange(Struct, frozen=True):
    """The status of a policy before and now; None if it did not exist or is gone."""

    key: str
    before: PolicyStatus | None
    now: PolicyStatus | None

    @property
    def affects_reviews(self) -> bool:
        """Whether more changed than labels or the status, which podtailor itself writes."""
        return self._compared(self.before) != self._compared(self.now)

    @staticmethod
    def _compared(policy_status: PolicyStatus | None) -> object:
        return policy_status and (
            policy_status.policy,
            policy_status.message,
            policy_status.object.metadata.generation,
        )


class PolicyStatuses:
    """The status of every policy. Remembers the last valid version of each."""

    def __init__(self) -> None:
        self._all: dict[str, PolicyStatus] = {}
        """By `PolicyObject.key`."""
        self.not_ready: set[str] = set()
        self.excess: Counter[str] = Counter()
        """By namespace: how many are over the limit."""

    def update(self, changes: Iterable[tuple[str, PolicyObject | None]]) -> Iterator[StatusChange]:
        """Apply changes, by `PolicyObject.key`; None for a policy that is gone."""
        for key, policy_object in changes:
            before = self._all.get(key)
            now = _policy_status(policy_object, before) if policy_object else None
            self._all.pop(key, None)
            self.not_ready.discard(key)
            if before and before.object.is_excess:
                self.excess -= Counter([before.object.namespace])  # drops namespaces with none
            if now:
                self._all[key] = now
            if now and not now.is_ready:
                self.not_ready.add(key)
            if now and now.object.is_excess:
                self.excess[now.object.namespace] += 1
            yield StatusChange(key, before, now)

    def replace_all(self, policy_objects: Iterable[PolicyObject]) -> tuple[PolicyStatus, ...]:
        """Update to exactly these policies. Returns the status of each, oldest first."""
        existing: dict[str, PolicyObject | None] = {each.key: each for each in policy_objects}
        gone = dict.fromkeys(self._all.keys() - existing.keys())
        for _ in self.update([*gone.items(), *existing.items()]):
            pass
        return tuple(sorted(self._all.values(), key=lambda each: each.object.age))


def _policy_status(policy_object: PolicyObject, before: PolicyStatus | None) -> PolicyStatus:
    if before and before.object.metadata.uid != policy_object.metadata.uid:
        before = None  # another policy of the same name
    if policy_object.is_excess:
        return _not_ready(policy_object, "TooMany", _too_many(policy_object.namespace))
    if policy_object.spec is None:
        message = f"the spec is larger than {MAX_BYTES} bytes: split it into several policies"
        return _not_ready(policy_object, "TooLarge", message)
    if before and before.object.spec == policy_object.spec:
        # Keep the old bytes, which are equal, so that the new ones can be freed.
        return structs.replace(before, object=structs.replace(policy_object, spec=before.object.spec))
    policy, problem = _policy(policy_object, policy_object.spec)
    if problem:
        last = before.policy if before else None
        stays = "; the last good version stays in force" if last else ""
        return _not_ready(policy_object, "Invalid", f"{truncate(problem, _MAX_PROBLEM)}{stays}", last)
    return PolicyStatus(
        object=policy_object, policy=policy, is_ready=True, reason="InForce", message="in force as written"
    )


def _not_ready(
    policy_object: PolicyObject, reason: str, message: str, last: Policy | None = None
) -> PolicyStatus:
    return PolicyStatus(object=policy_object, policy=last, is_ready=False, reason=reason, message=message)


@lru_cache(maxsize=1024)
def _too_many(namespace: str) -> str:
    """One string for all of them."""
    return f"over the limit: namespace {namespace} has {MAX_IN_A_NAMESPACE} older WorkloadPolicies"


def _policy(policy_object: PolicyObject, spec: bytes) -> tuple[Policy | None, str]:
    """The policy, or what is wrong with it. No spec may raise."""
    metadata = {"name": policy_object.metadata.name, "namespace": policy_object.metadata.namespace}
    head = {
        "apiVersion": policy_kinds.API_VERSION,
        "kind": policy_object.kind.kind,
        "metadata": metadata,
    }
    # Only for a cluster that has policies: pydantic takes longer than most commands.
    from webhook.policies.load import compiled_or_raise  # noqa: PLC0415

    try:
        document = {**head, "spec": msgspec.json.decode(spec)}
        return compiled_or_raise(document, source=f"{policy_object.kind.kind} {policy_object.key}"), ""
    except (ValueError, RecursionError) as error:
        return None, str(error)
