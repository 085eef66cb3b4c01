"""The requests and limits of one container while the edit runs: declared by the Pod, assigned by policies."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from msgspec import Struct

from webhook.edits.resources.bounds import Violations, all_violated, clamped, within_max, within_ratio
from webhook.model import quantity
from webhook.model.draft import Draft, Reason
from webhook.model.names import QOS_RESOURCES
from webhook.model.pod import ResourceList
from webhook.model.pod_resources import LIMITS_FIRST, Side
from webhook.model.policy import Bounds, Origin, Policy, ResourceDefaults
from webhook.model.quantity import Quantity
from webhook.model.subject import Container


class ResourceRule(Struct, kw_only=True):
    """A policy that sets or bounds resources."""

    policy: Policy
    precedence: int
    """The lower one takes precedence."""
    defaults: ResourceDefaults
    covers: Sequence[int]
    """Indexes of the Pod's containers in the policy's scope."""
    fills: Sequence[int] = ()
    """Those of them that may be given requests and limits."""


class Assignment(Struct):
    """An amount that a rule gives to a container."""

    amount: Quantity
    rule: ResourceRule
    field: str
    is_default: bool = False
    """A request that exists only because a limit was assigned."""


class ContainerResources:
    """What the Pod declares for one container, and what rules assign to it."""

    def __init__(
        self,
        container: Container,
        counted: str | None = None,
        unknown_need: AbstractSet[str] = frozenset(),
    ) -> None:
        """`counted`: a resource that a ResourceQuota counts, of which nothing may be added.

        `unknown_need`: resources for which no built-in policy may guess a limit.
        """
        self.container = container
        self.counted = counted
        self.unknown_need = unknown_need
        self.declared: dict[Side, ResourceList] = {"requests": container.requests, "limits": container.limits}
        self.assigned: dict[Side, dict[str, Assignment]] = {"requests": {}, "limits": {}}

    def field(self, side: Side, resource: str) -> str:
        return f"{self.container.name}:{side}.{resource}"

    def amount(self, side: Side, resource: str, *, with_assigned: bool = True) -> Quantity | None:
        """None if nothing is there, or no API server could read it."""
        assignment = self.assigned[side].get(resource) if with_assigned else None
        if assignment:
            return assignment.amount
        declared = self.declared[side]
        return quantity.read(declared[resource]) if resource in declared else None

    def propose(self, side: Side, resource: str, amount: Quantity, rule: ResourceRule, draft: Draft) -> None:
        """Assign `amount` unless the Pod declares one, or a rule that takes precedence has assigned one."""
        field = self.field(side, resource)
        if resource in self.declared[side]:
            if self.amount(side, resource) != amount:
                draft.skip(rule.policy, field, Reason.KEPT)
        elif resource == self.counted:
            draft.skip(rule.policy, field, Reason.QUOTA)
        elif side == "limits" and resource in self.unknown_need and rule.policy.origin is Origin.BUILT_IN:
            draft.skip(rule.policy, field, Reason.NEED_UNKNOWN)
        elif draft.claim(rule.policy, field, amount):
            self.assigned[side][resource] = Assignment(amount, rule, field)

    def lower_requests(self, bounds: list[Bounds]) -> None:
        """Before limits are worked out from them: that of a request above the max may be no quantity."""
        for resource, assignment in self.assigned["requests"].items():
            lowered = within_max(assignment.amount, bounds, resource)
            if lowered.milli > 0:  # of nothing there is no multiple
                assignment.amount = lowered

    def reconcile(self) -> None:
        """Keep each request within its limit: move the assigned one; if both are, that of lower precedence.

        An assigned limit without a request is the request too, as in `pod.effective_requests`. A declared
        limit needs nothing: its request is declared, or is the limit.
        """
        requests = self.assigned["requests"]
        for resource, limit in self.assigned["limits"].items():
            request = requests.get(resource)
            if request is None and resource not in self.declared["requests"]:
                field = self.field("requests", resource)
                requests[resource] = Assignment(limit.amount, limit.rule, field, is_default=True)
                continue
            amount = request.amount if request else self.amount("requests", resource)
            if amount is None or amount.milli <= limit.amount.milli:
                continue
            if request and request.rule.precedence > limit.rule.precedence:
                request.amount = limit.amount
            else:  # limits are decided after requests
                limit.amount = amount

    def clamp(self, bounds: list[Bounds], draft: Draft) -> None:
        """Move assigned amounts into the bounds, or drop them. What the Pod violates by itself stays so."""
        for resource in sorted({*self.assigned["requests"], *self.assigned["limits"]}):
            declared_violations = self.violated(bounds, resource, with_assigned=False)
            for side in LIMITS_FIRST:
                assignment = self.assigned[side].get(resource)
                if assignment:
                    assignment.amount = clamped(assignment.amount, bounds, resource)
            self.reconcile()
            self._lower_to_ratio(bounds, resource)
            for side in LIMITS_FIRST:
                violations = self.violated(bounds, resource)
                if resource in self.assigned[side] and not violations <= declared_violations:
                    self.drop(side, resource, draft)

    def _lower_to_ratio(self, bounds: list[Bounds], resource: str) -> None:
        request, limit = self.amount("requests", resource), self.assigned["limits"].get(resource)
        if request and limit:
            limit.amount = within_ratio(request, limit.amount, bounds, resource)

    def violated(self, bounds: list[Bounds], resource: str, *, with_assigned: bool = True) -> Violations:
        request = self.amount("requests", resource, with_assigned=with_assigned)
        limit = self.amount("limits", resource, with_assigned=with_assigned)
        return all_violated(bounds, resource, request, limit)

    def drop(self, side: Side, resource: str, draft: Draft) -> None:
        """Skip an assignment, and the one on the other side if it cannot stand alone.

        A limit without its request would become the request; a default request exists for its limit only.
        """
        sides = [side]
        other: Side = "limits" if side == "requests" else "requests"
        dependent = self.assigned[other].get(resource)
        if dependent and (side == "requests" or dependent.is_default):
            sides.append(other)
        for each in sides:
            dropped = self.assigned[each].pop(resource)
            draft.skip(dropped.rule.policy, dropped.field, Reason.NO_ROOM)

    @property
    def is_guaranteed(self) -> bool:
        """Whether cpu and memory have requests above zero that equal their limits."""
        for resource in QOS_RESOURCES:
            request = self.amount("requests", resource)
            if request is None or request.milli <= 0 or request != self.amount("limits", resource):
                return False
        return True

    def write(self, draft: Draft) -> None:
        # Sorted: the same Pod gets the same bytes, however a policy orders its keys.
        for side in LIMITS_FIRST:
            parent = (*self.container.path, "resources", side)
            for resource, assignment in sorted(self.assigned[side].items()):
                path = (*parent, resource)
                draft.set(assignment.rule.policy, assignment.field, path, assignment.amount.text)
