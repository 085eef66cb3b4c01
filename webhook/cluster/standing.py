"""Which policies of the cluster are in force, and what is to be said of each in its status."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec import Struct
from pydantic import ValidationError

from webhook.cluster.kinds import MOST_BYTES, Known
from webhook.model.policy import Policy
from webhook.policies import crd
from webhook.policies.compile import compiled
from webhook.policies.load import told
from webhook.policies.schema import PolicyDocument

# People who do not run the cluster write these: what they write costs every request of their namespace.
MOST_IN_A_NAMESPACE = 20


class Standing(Struct, frozen=True):
    """How a policy stands: `policy` is the version of it that is in force, if any is."""

    known: Known
    policy: Policy | None
    is_ready: bool
    reason: str
    message: str

    @property
    def named(self) -> str:
        return f"{self.known.kind.kind} {self.known.key}"


class Standings:
    """Remembers the last version of each policy that could be used."""

    def __init__(self) -> None:
        self._read: dict[str, _Read] = {}
        """By uid."""

    def of(self, known: Iterable[Known]) -> tuple[Standing, ...]:
        """Oldest first: whoever fills a namespace with policies cannot push out those that stood before.

        What is not heard is not read either, and costs its bytes alone.
        """
        count: dict[str, int] = {}
        heard, standings = {}, []
        for each in sorted(known, key=lambda each: (each.metadata.creationTimestamp, each.metadata.name)):
            namespace = each.metadata.namespace
            if namespace:
                count[namespace] = count.get(namespace, 0) + 1
                if count[namespace] > MOST_IN_A_NAMESPACE:
                    standings.append(_too_many(each, namespace))
                    continue
            if each.spec is None:
                standings.append(_too_large(each))
                continue
            uid = each.metadata.uid
            heard[uid] = read = _read(each, each.spec, self._read.get(uid))
            standings.append(_standing(each, read))
        self._read = heard
        return tuple(standings)


class _Read(Struct, frozen=True):
    spec: bytes
    policy: Policy | None
    """The last one that could be used."""
    problem: str = ""


def _read(known: Known, spec: bytes, before: _Read | None) -> _Read:
    if before and before.spec == spec:
        return before
    policy, problem = _policy(known, spec)
    return _Read(spec, policy or (before.policy if before else None), problem)


def _standing(known: Known, read: _Read) -> Standing:
    if not read.problem:
        return Standing(known, read.policy, is_ready=True, reason="InForce", message="as written")
    stays = "; the last good version stays in force" if read.policy else ""
    return Standing(known, read.policy, is_ready=False, reason="Invalid", message=f"{read.problem}{stays}")


def _too_many(known: Known, namespace: str) -> Standing:
    message = f"{namespace} has {MOST_IN_A_NAMESPACE} older WorkloadPolicies, and no more are heard"
    return Standing(known, None, is_ready=False, reason="TooMany", message=message)


def _too_large(known: Known) -> Standing:
    message = f"a spec of more than {MOST_BYTES} bytes is not heard: make two policies of it"
    return Standing(known, None, is_ready=False, reason="TooLarge", message=message)


def _policy(known: Known, spec: bytes) -> tuple[Policy | None, str]:
    """The policy, or what is wrong with it in words. Nothing that a policy says may raise."""
    metadata = {"name": known.metadata.name, "namespace": known.metadata.namespace}
    head = {"apiVersion": f"{crd.GROUP}/{crd.VERSION}", "kind": known.kind.kind, "metadata": metadata}
    try:
        document = PolicyDocument.model_validate({**head, "spec": msgspec.json.decode(spec)})
        return compiled(document, source=f"{known.kind.kind} {known.key}"), ""
    except ValidationError as error:
        return None, "; ".join(told(error))
    except (ValueError, RecursionError) as error:
        return None, str(error)
