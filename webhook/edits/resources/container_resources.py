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
    rank: int
    defaults: ResourceDefaults
    checks: Sequence[int]
    """Which of the Pod's containers it is about: by their index."""
    shapes: Sequence[int] = ()
    """Which of these it may fill."""


class Assignment(Struct):
    """One amount that we give, and whose wish it is."""

    amount: Quantity
    voice: ResourceRule
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
        self.own: dict[Side, ResourceList] = {"requests": container.requests, "limits": container.limits}
        self.ours: dict[Side, dict[str, Assignment]] = {"requests": {}, "limits": {}}

    def amount(self, side: Side, resource: str, *, with_ours: bool = True) -> Quantity | None:
        """What stands there now; None for nothing, and for what no API server would read."""
        given = self.ours[side].get(resource) if with_ours else None
        if given:
            return given.amount
        own = self.own[side]
        return quantity.read(own[resource]) if resource in own else None

    def propose(self, side: Side, resource: str, wish: Quantity, voice: ResourceRule, draft: Draft) -> None:
        """Give `wish` where nothing stands: the Pod's own value stays, and so does an earlier policy's."""
        field = self.field(side, resource)
        if resource in self.own[side]:
            if self.amount(side, resource) != wish:
                draft.skip(voice.policy, field, Reason.KEPT)
        elif resource == self.counted:
            draft.skip(voice.policy, field, Reason.QUOTA)
        elif side == "limits" and resource in self.unknown and voice.policy.origin is Origin.BUILT_IN:
            draft.skip(voice.policy, field, Reason.NEED_UNKNOWN)
        elif draft.claim(voice.policy, field, wish):
            self.ours[side][resource] = Assignment(wish, voice, field)

    def mirror_limits(self) -> None:
        """A limit of ours without any request becomes the request too, as the API server will have it."""
        requests, own = self.ours["requests"], self.own["requests"]
        for resource, given in self.ours["limits"].items():
            if resource not in requests and resource not in own:
                field = self.field("requests", resource)
                requests[resource] = Assignment(given.amount, given.voice, field, mirrors=True)

    def settle(self) -> None:
        """Where a request is above its limit, ours moves: to the Pod's own, of two of ours the later one.

        A limit of the Pod's own is never below a request of ours: it has its own beside it.
        """
        for resource, of_limit in self.ours["limits"].items():
            request, limit = self.amount("requests", resource), of_limit.amount
            if request is None or request.milli <= limit.milli:
                continue
            of_request = self.ours["requests"].get(resource)
            if of_request and of_request.voice.rank > of_limit.voice.rank:
                of_request.amount = limit
            else:  # limits are decided after requests
                of_limit.amount = request

    def fit(self, kept: list[Bounds], draft: Draft) -> None:
        """Move ours into the bounds, or leave it out: what the Pod breaks without us is not our affair."""
        for resource in sorted({*self.ours["requests"], *self.ours["limits"]}):
            before = self.spoiled(kept, resource, with_ours=False)
            for side in LIMITS_FIRST:
                given = self.ours[side].get(resource)
                if given:
                    given.amount = bounds.clamped(given.amount, kept, resource)
            self.settle()
            self._keep_ratio(kept, resource)
            # A limit alone is its request too: where the request goes, so does the limit.
            for side in LIMITS_FIRST:
                if resource in self.ours[side] and not self.spoiled(kept, resource) <= before:
                    self.leave_out(side, resource, draft)

    def _keep_ratio(self, kept: list[Bounds], resource: str) -> None:
        """Where the two are too far apart the limit moves: one of the Pod's own has its request beside it."""
        request, of_limit = self.amount("requests", resource), self.ours["limits"].get(resource)
        if request and of_limit:
            of_limit.amount = bounds.within_ratio(request, of_limit.amount, kept, resource)

    def spoiled(
        self, kept: list[Bounds], resource: str, *, with_ours: bool = True
    ) -> set[tuple[int, str, str]]:
        """Which bounds are broken by an amount that is there: each with its kind and side."""
        request = self.amount("requests", resource, with_ours=with_ours)
        limit = self.amount("limits", resource, with_ours=with_ours)
        return bounds.all_spoiled(kept, resource, request, limit)

    def leave_out_of(self, rank: int, side: Side, resource: str, draft: Draft) -> None:
        """What the voice of this rank gives of a resource."""
        given = self.ours[side].get(resource)
        if given and given.voice.rank == rank:
            self.leave_out(side, resource, draft)

    def leave_out(self, side: Side, resource: str, draft: Draft) -> None:
        given = self.ours[side].pop(resource)
        draft.skip(given.voice.policy, given.field, Reason.NO_ROOM)
        # A limit without request becomes one; a request that only our limit made has no wish behind it.
        other: Side = "limits" if side == "requests" else "requests"
        left = self.ours[other].get(resource)
        if left and (side == "requests" or left.mirrors):
            self.leave_out(other, resource, draft)

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
            for resource, given in sorted(self.ours[side].items()):
                draft.set(given.voice.policy, given.field, (*parent, resource), given.amount.text)

    def field(self, side: Side, resource: str) -> str:
        return f"{self.container.name}:{side}.{resource}"
