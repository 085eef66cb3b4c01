"""One container's requests and limits while they are being worked out: the Pod's own, and ours."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from msgspec import Struct

from webhook.edits.resources import bounds
from webhook.model import quantity
from webhook.model.draft import Draft, Reason
from webhook.model.names import QOS_RESOURCES
from webhook.model.pod import ResourceList
from webhook.model.pod_resources import LIMITS_FIRST, Side
from webhook.model.policy import Bounds, Origin, Policy, ResourceDefaults
from webhook.model.quantity import Quantity
from webhook.model.subject import Container


class ResourceRule(Struct):
    """A policy that asks for resources; of two the one with the lower rank is heard first."""

    policy: Policy
    precedence: int
    defaults: ResourceDefaults
    covers: Sequence[int]
    """Which of the Pod's containers it is about: by their index."""
    fills: Sequence[int] = ()
    """Which of these it may fill."""


class Assignment(Struct):
    """One amount that we give, and whose wish it is."""

    amount: Quantity
    rule: ResourceRule
    field: str
    mirrors: bool = False
    """A request that is there because of the limit."""


class ContainerResources:
    """One container's requests and limits while they are being worked out: the Pod's own, and ours."""

    def __init__(
        self, container: Container, counted: str | None = None, unknown: AbstractSet[str] = frozenset()
    ) -> None:
        """`counted`: a resource that a ResourceQuota counts, so that nothing of it may be added.

        `unknown`: resources of which the container may need more than any limit that a built-in would guess.
        """
        self.container = container
        self.counted = counted
        self.unknown = unknown
        self.declared: dict[Side, ResourceList] = {"requests": container.requests, "limits": container.limits}
        self.assigned: dict[Side, dict[str, Assignment]] = {"requests": {}, "limits": {}}

    def amount(self, side: Side, resource: str, *, with_assigned: bool = True) -> Quantity | None:
        """What stands there now; None for nothing, and for what no API server would read."""
        given = self.assigned[side].get(resource) if with_assigned else None
        if given:
            return given.amount
        own = self.declared[side]
        return quantity.read(own[resource]) if resource in own else None

    def propose(self, side: Side, resource: str, wish: Quantity, rule: ResourceRule, draft: Draft) -> None:
        """Give `wish` where nothing stands: the Pod's own value stays, and so does an earlier policy's."""
        field = self.field(side, resource)
        if resource in self.declared[side]:
            if self.amount(side, resource) != wish:
                draft.skip(rule.policy, field, Reason.KEPT)
        elif resource == self.counted:
            draft.skip(rule.policy, field, Reason.QUOTA)
        elif side == "limits" and resource in self.unknown and rule.policy.origin is Origin.BUILT_IN:
            draft.skip(rule.policy, field, Reason.NEED_UNKNOWN)
        elif draft.claim(rule.policy, field, wish):
            self.assigned[side][resource] = Assignment(wish, rule, field)

    def default_requests(self) -> None:
        """A limit of ours without any request becomes the request too, as the API server will have it."""
        requests, own = self.assigned["requests"], self.declared["requests"]
        for resource, given in self.assigned["limits"].items():
            if resource not in requests and resource not in own:
                field = self.field("requests", resource)
                requests[resource] = Assignment(given.amount, given.rule, field, mirrors=True)

    def reconcile(self) -> None:
        """Where a request is above its limit, ours moves: to the Pod's own, of two of ours the later one.

        A limit of the Pod's own is never below a request of ours: it has its own beside it.
        """
        for resource, of_limit in self.assigned["limits"].items():
            request, limit = self.amount("requests", resource), of_limit.amount
            if request is None or request.milli <= limit.milli:
                continue
            of_request = self.assigned["requests"].get(resource)
            if of_request and of_request.rule.precedence > of_limit.rule.precedence:
                of_request.amount = limit
            else:  # limits are decided after requests
                of_limit.amount = request

    def clamp(self, kept: list[Bounds], draft: Draft) -> None:
        """Move ours into the bounds, or leave it out: what the Pod breaks without us is not our affair."""
        for resource in sorted({*self.assigned["requests"], *self.assigned["limits"]}):
            before = self.violated(kept, resource, with_assigned=False)
            for side in LIMITS_FIRST:
                given = self.assigned[side].get(resource)
                if given:
                    given.amount = bounds.clamped(given.amount, kept, resource)
            self.reconcile()
            self._keep_ratio(kept, resource)
            # A limit alone is its request too: where the request goes, so does the limit.
            for side in LIMITS_FIRST:
                if resource in self.assigned[side] and not self.violated(kept, resource) <= before:
                    self.drop(side, resource, draft)

    def _keep_ratio(self, kept: list[Bounds], resource: str) -> None:
        """Where the two are too far apart the limit moves: one of the Pod's own has its request beside it."""
        request, of_limit = self.amount("requests", resource), self.assigned["limits"].get(resource)
        if request and of_limit:
            of_limit.amount = bounds.within_ratio(request, of_limit.amount, kept, resource)

    def violated(
        self, kept: list[Bounds], resource: str, *, with_assigned: bool = True
    ) -> set[tuple[int, str, str]]:
        """Which bounds are broken by an amount that is there: each with its kind and side."""
        request = self.amount("requests", resource, with_assigned=with_assigned)
        limit = self.amount("limits", resource, with_assigned=with_assigned)
        return bounds.all_violated(kept, resource, request, limit)

    def drop_of(self, precedence: int, side: Side, resource: str, draft: Draft) -> None:
        """What the rule of this precedence gives of a resource."""
        given = self.assigned[side].get(resource)
        if given and given.rule.precedence == precedence:
            self.drop(side, resource, draft)

    def drop(self, side: Side, resource: str, draft: Draft) -> None:
        given = self.assigned[side].pop(resource)
        draft.skip(given.rule.policy, given.field, Reason.NO_ROOM)
        # A limit without request becomes one; a request that only our limit made has no wish behind it.
        other: Side = "limits" if side == "requests" else "requests"
        left = self.assigned[other].get(resource)
        if left and (side == "requests" or left.mirrors):
            self.drop(other, resource, draft)

    @property
    def is_guaranteed(self) -> bool:
        """Whether requests equal limits, and are more than nothing, in what decides the QoS class."""
        for resource in QOS_RESOURCES:
            request = self.amount("requests", resource)
            if request is None or request.milli <= 0 or request != self.amount("limits", resource):
                return False
        return True

    def write(self, draft: Draft) -> None:
        # Sorted, so that the same Pod gets the same bytes however a policy orders its keys.
        for side in LIMITS_FIRST:
            parent = (*self.container.path, "resources", side)
            for resource, given in sorted(self.assigned[side].items()):
                draft.set(given.rule.policy, given.field, (*parent, resource), given.amount.text)

    def field(self, side: Side, resource: str) -> str:
        return f"{self.container.name}:{side}.{resource}"
