"""Requests and limits of each container: `webhook.edits.resources.container_resources` in CEL.

A missing amount is an empty text.
"""

from __future__ import annotations

from webhook.export.cel import values as cel
from webhook.export.cel.code import Code
from webhook.export.cel.values import Any_, Bool, Int, List, Map, Text, Value
from webhook.export.pod import Container
from webhook.export.resources.bounds import ContainerBounds
from webhook.export.resources.proposals import NO_AMOUNT, Proposals, Resource


class Resources(Map[Any_]):
    """Of one container and one resource: what the Pod declares, and what policies assign."""

    def __init__(self, code: Code) -> None:
        super().__init__(code, Any_)

    def alike(self, code: Code) -> Resources:
        return Resources(code)

    @property
    def declared_request(self) -> Text:
        return self.field("declaredRequest", Text)

    @property
    def declared_limit(self) -> Text:
        return self.field("declaredLimit", Text)

    @property
    def assigned_request(self) -> Text:
        return self.field("assignedRequest", Text)

    @property
    def assigned_limit(self) -> Text:
        return self.field("assignedLimit", Text)

    @property
    def yields(self) -> Bool:
        """The assigned request moves, not the limit: its policy has the lower precedence."""
        return self.field("yields", Bool)

    @property
    def is_default(self) -> Bool:
        """The request exists only because a limit was assigned."""
        return self.field("isDefault", Bool)

    @property
    def request(self) -> Text:
        assigned = self.assigned_request
        return cel.when(assigned == "", self.declared_request, assigned)

    @property
    def limit(self) -> Text:
        assigned = self.assigned_limit
        return cel.when(assigned == "", self.declared_limit, assigned)

    def assigned(self, request: Text, limit: Text) -> Resources:
        """With other assigned amounts."""
        kept = ("declaredRequest", "declaredLimit", "yields", "isDefault")
        assigned = {"assignedRequest": request, "assignedLimit": limit}
        return _record({**{key: self.field(key, Any_) for key in kept}, **assigned})

    @property
    def is_guaranteed(self) -> Bool:
        """Whether there is a request above zero that equals the limit."""
        request, limit = self.request.as_quantity(), self.limit.as_quantity()
        are_equal = request.is_greater(cel.ZERO) & (request.compare(limit) == 0)
        return cel.all_of(self.request != "", self.limit != "", are_equal)


def _record(fields: dict[str, Value]) -> Resources:
    return Resources(cel.record(fields).code)


def declared(containers: List[Container], side: str, resource: str) -> List[Text]:
    def of(one: Container) -> Text:
        amounts = one.requests if side == "requests" else one.limits
        return amounts.get(resource, NO_AMOUNT)

    return containers.map(of)


def lowered_requests(resource: Resource, requests: Proposals, bounds: ContainerBounds) -> Proposals:
    """Before limits are worked out from them."""
    amounts = requests.amounts.each(lambda index, amount: bounds.within_max(amount, index))
    return Proposals(resource.let("requestsLowered", amounts), requests.precedences)


def with_default_requests(resource: Resource, requests: Proposals, limits: Proposals) -> List[Resources]:
    """An assigned limit without a request is the request too."""
    declared_requests, declared_limits = resource.declared_requests, resource.declared_limits

    def of(index: Int, limit: Text) -> Resources:
        request = requests.amounts[index]
        is_default = cel.all_of(limit != "", request == "", declared_requests[index] == "")
        return _record(
            {
                "declaredRequest": declared_requests[index],
                "declaredLimit": declared_limits[index],
                "assignedRequest": cel.when(is_default, limit, request),
                "assignedLimit": limit,
                "yields": (request != "") & (requests.precedences[index] > limits.precedences[index]),
                "isDefault": is_default,
            }
        )

    return limits.amounts.each(of)


def reconciled(one: Resources) -> Resources:
    """Keep the request within its limit: move the assigned one; if both are, that of lower precedence.

    A declared limit needs nothing: its request is declared, or is the limit.
    """
    request, limit = one.request, one.assigned_limit
    is_above = request.as_quantity().is_greater(limit.as_quantity())
    exceeds = cel.all_of(limit != "", request != "", is_above)
    lowered, raised = one.assigned(limit, limit), one.assigned(one.assigned_request, request)
    return cel.when(exceeds, cel.when(one.yields, lowered, raised), one)


def moved(one: Resources, index: Int, bounds: ContainerBounds) -> Resources:
    """With assigned amounts within the bounds."""
    request = bounds.clamped(one.assigned_request, index)
    return one.assigned(request, bounds.clamped(one.assigned_limit, index))


def with_room_for_limit(one: Resources, index: Int, bounds: ContainerBounds) -> Resources:
    """Drop the limit if it violates a bound, or its request does. A default request exists for it only."""
    request, limit = one.assigned_request, one.assigned_limit
    has_no_room = bounds.is_violated(limit, index) | bounds.is_violated(request, index)
    kept = cel.when(one.is_default, NO_AMOUNT, request)
    return cel.when((limit != "") & has_no_room, one.assigned(kept, NO_AMOUNT), one)


def with_room_for_request(one: Resources, index: Int, bounds: ContainerBounds) -> Resources:
    """Drop the request if it violates a bound, and the limit, which without it would become the request."""
    nothing = one.assigned(NO_AMOUNT, NO_AMOUNT)
    return cel.when(bounds.is_violated(one.assigned_request, index), nothing, one)
