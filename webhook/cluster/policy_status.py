"""Which policies of the cluster are in force, and what is to be said of each in its status."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache

import msgspec
from msgspec import Struct, structs
from pydantic import ValidationError

from webhook.cluster.policy_objects import MAX_BYTES, MAX_IN_A_NAMESPACE, PolicyObject
from webhook.model.policy import Policy
from webhook.model.text import truncate
from webhook.policies import policy_kinds
from webhook.policies.compile import compiled
from webhook.policies.load import error_messages
from webhook.policies.schema import PolicyDocument

# The API takes 32,768 characters of a message; a person reads less, and each is kept.
_MAX_PROBLEM = 900


class PolicyStatus(Struct, frozen=True):
    """How a policy stands: `policy` is the version of it that is in force, if any is."""

    object: PolicyObject
    policy: Policy | None
    is_ready: bool
    reason: str
    message: str

    @property
    def display_name(self) -> str:
        return f"{self.object.kind.kind} {self.object.key}"


class Change(Struct, frozen=True):
    """How a policy stood, and how it stands now; None: it was not there, or has gone."""

    key: str
    before: PolicyStatus | None
    now: PolicyStatus | None

    @property
    def is_news(self) -> bool:
        """Whether there is more to it than another condition or label, as each of our own writes is."""
        return self._compared(self.before) != self._compared(self.now)

    @staticmethod
    def _compared(policy_status: PolicyStatus | None) -> object:
        return policy_status and (
            policy_status.policy,
            policy_status.message,
            policy_status.object.metadata.generation,
        )


class PolicyStatuses:
    """How every policy stands. Remembers the last version of each that could be used."""

    def __init__(self) -> None:
        self._all: dict[str, PolicyStatus] = {}
        """By `PolicyObject.key`."""
        self.not_ready: set[str] = set()
        self.excess: Counter[str] = Counter()
        """By namespace: how many are over the limit there."""

    def policies(self) -> Iterator[Policy]:
        """Those in force."""
        return (policy_status.policy for policy_status in self._all.values() if policy_status.policy)

    def update(self, changes: Iterable[tuple[str, PolicyObject | None]]) -> Iterator[Change]:
        """Look at those alone that have changed, by `PolicyObject.key`."""
        for key, policy_object in changes:
            before = self._all.get(key)
            now = _policy_status(policy_object, before) if policy_object else None
            self._all.pop(key, None)
            self.not_ready.discard(key)
            if before and before.object.is_excess:
                self.excess -= Counter([before.object.namespace])  # and forgets who has none
            if now:
                self._all[key] = now
            if now and not now.is_ready:
                self.not_ready.add(key)
            if now and now.object.is_excess:
                self.excess[now.object.namespace] += 1
            yield Change(key, before, now)

    def replace_all(self, policy_objects: Iterable[PolicyObject]) -> tuple[PolicyStatus, ...]:
        """Of all there are, oldest first."""
        there: dict[str, PolicyObject | None] = {each.key: each for each in policy_objects}
        for _ in self.update([*dict.fromkeys(self._all.keys() - there.keys()).items(), *there.items()]):
            pass
        return tuple(sorted(self._all.values(), key=lambda each: each.object.age))


def _policy_status(policy_object: PolicyObject, before: PolicyStatus | None) -> PolicyStatus:
    if before and before.object.metadata.uid != policy_object.metadata.uid:
        before = None  # another one of that name
    if policy_object.is_excess:
        return PolicyStatus(
            policy_object, None, is_ready=False, reason="TooMany", message=_too_many(policy_object.namespace)
        )
    if policy_object.spec is None:
        message = f"a spec of more than {MAX_BYTES} bytes is not heard: make two policies of it"
        return PolicyStatus(policy_object, None, is_ready=False, reason="TooLarge", message=message)
    if before and before.object.spec == policy_object.spec:
        # The same bytes, so that the older ones can go.
        return structs.replace(before, object=structs.replace(policy_object, spec=before.object.spec))
    policy, problem = _policy(policy_object, policy_object.spec)
    if not problem:
        return PolicyStatus(policy_object, policy, is_ready=True, reason="InForce", message="as written")
    last = before.policy if before else None
    stays = "; the last good version stays in force" if last else ""
    return PolicyStatus(
        policy_object,
        last,
        is_ready=False,
        reason="Invalid",
        message=f"{truncate(problem, _MAX_PROBLEM)}{stays}",
    )


@lru_cache(maxsize=1024)
def _too_many(namespace: str) -> str:
    """One text for all of them."""
    return f"{namespace} has {MAX_IN_A_NAMESPACE} older WorkloadPolicies, and no more are heard"


def _policy(policy_object: PolicyObject, spec: bytes) -> tuple[Policy | None, str]:
    """The policy, or what is wrong with it in words. Nothing that a policy says may raise."""
    metadata = {"name": policy_object.metadata.name, "namespace": policy_object.metadata.namespace}
    head = {
        "apiVersion": policy_kinds.API_VERSION,
        "kind": policy_object.kind.kind,
        "metadata": metadata,
    }
    try:
        document = PolicyDocument.model_validate({**head, "spec": msgspec.json.decode(spec)})
        return compiled(document, source=f"{policy_object.kind.kind} {policy_object.key}"), ""
    except ValidationError as error:
        return None, "; ".join(error_messages(error))
    except (ValueError, RecursionError) as error:
        return None, str(error)
