"""What the containers of a Pod must fit into together: LimitRanges for Pods, Nodes, quotas. Pure.

Only what is raised gives way, and never below what stands: that runs already. No Pod becomes Guaranteed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct, structs

from webhook.edits.resources.bounds import Violations, all_violated
from webhook.model.names import QOS_RESOURCES
from webhook.model.pod_resources import SIDES, Side, aggregate
from webhook.model.quantity import Quantity, exactly, of_milli
from webhook.recommend.owner import ContainerState, NodeSize, OwnerState, Quota, Size
from webhook.recommend.reasons import Name, Reason, shown
from webhook.recommend.rules import Rules
from webhook.recommend.sizing import Advice, is_change, stepped, unchanged

Advices = Mapping[str, Mapping[str, Advice]]
"""By container and resource."""


class _Ceiling(Struct, frozen=True):
    """The most that a Pod may have of one side of a resource."""

    side: Side
    amount: int
    why: str


def fitted(owner: OwnerState, advices: Advices, rules: Rules) -> Advices:
    after = {container: dict(each) for container, each in advices.items()}
    node = _node_ceilings(owner, advices)
    for resource in QOS_RESOURCES:
        mine = {container: each[resource] for container, each in after.items()}
        pod = _Pod(owner=owner, resource=resource, mine=mine, rules=rules)
        for ceiling in (*pod.ceilings(), *node.get(resource, ())):
            mine |= dict(pod.below(ceiling))
        mine |= dict(pod.refused())
        for container, advice in mine.items():
            after[container][resource] = advice
    return _still_burstable(owner, after)


def _node_ceilings(owner: OwnerState, advices: Advices) -> Mapping[str, Sequence[_Ceiling]]:
    """By resource: of the Node with the most room for both, or for a DaemonSet of all that it runs on."""
    pods = {
        resource: _Pod(
            owner=owner,
            resource=resource,
            mine={container: each[resource] for container, each in advices.items()},
            rules=Rules(),
        )
        for resource in QOS_RESOURCES
    }
    wanted = {resource: pod.after("requests") for resource, pod in pods.items()}
    stands = {resource: min(pod.before("requests"), wanted[resource]) for resource, pod in pods.items()}

    def rooms(node: NodeSize, needs: Mapping[str, int]) -> list[float]:
        return sorted(node.allocatable.get(resource, 0) / (need or 1) for resource, need in needs.items())

    nodes = [each for each in owner.nodes if rooms(each, stands)[0] >= 1] or owner.nodes
    if not nodes:
        return {}
    if owner.ref.kind != "DaemonSet":
        nodes = [max(nodes, key=lambda each: (rooms(each, wanted), each.name))]
    ceilings = {}
    for resource in QOS_RESOURCES:
        node = min(nodes, key=lambda each: (each.allocatable.get(resource, 0), each.name))
        amount = node.allocatable.get(resource, 0)
        which = "the least" if owner.ref.kind == "DaemonSet" else "the most"
        why = f"Node {node.name} has {which} room with {shown(amount, resource)}"
        ceilings[resource] = [_Ceiling("requests", amount, why)]
    return ceilings


def _still_burstable(owner: OwnerState, advices: Advices) -> Advices:
    """With a limit that is a step more, if all that is recommended would make its Pods Guaranteed."""
    sizes = {
        name: {resource: each.after for resource, each in both.items()} for name, both in advices.items()
    }
    after = structs.replace(
        owner,
        containers=tuple(
            structs.replace(each, sizes=sizes.get(each.name, each.sizes)) for each in owner.containers
        ),
    )
    if owner.is_guaranteed or not after.is_guaranteed:
        return advices
    for resource in QOS_RESOURCES:
        mine = {container: each[resource] for container, each in advices.items()}
        for name, advice in mine.items():
            request, limit = advice.after
            if advice.before.is_equal or limit is None:
                continue
            larger = structs.replace(advice, after=Size(request, stepped(limit + 1, resource)))
            pod = _Pod(owner=owner, resource=resource, mine={**mine, name: larger}, rules=Rules())
            if pod.allows(larger):
                return {**advices, name: {**advices[name], resource: larger}}
    why = Reason(Name.KEEPS_QOS, "with what it needs its Pods would become Guaranteed")
    return {
        name: {
            resource: unchanged(each.before, why) if each.changes else each for resource, each in both.items()
        }
        for name, both in advices.items()
    }


class _Pod(Struct, frozen=True, kw_only=True):
    """One resource of a Pod as it would be."""

    owner: OwnerState
    resource: str
    mine: Mapping[str, Advice]
    """By container; it grows smaller with each ceiling."""
    rules: Rules

    def before(self, side: Side) -> int:
        return aggregate((each.kind, self._stands(each, side)) for each in self.owner.containers)

    def after(self, side: Side) -> int:
        amounts = {name: _side(advice.after, side) for name, advice in self.mine.items()}
        return aggregate(
            (each.kind, (amounts[each.name] or 0) if each.name in amounts else self._stands(each, side))
            for each in self.owner.containers
        )

    def _stands(self, container: ContainerState, side: Side) -> int:
        return _side(container.size(self.resource), side) or 0

    def ceilings(self) -> Iterator[_Ceiling]:
        resource = self.resource
        for bounds in self.owner.pod_bounds:
            most = bounds.max.get(resource)
            for side in SIDES if most else ():
                assert most
                yield _Ceiling(side, most.milli, f"a LimitRange allows Pods {most} of {resource}")
        for quota in self.owner.quotas:
            yield from self._of_quota(quota)

    def _of_quota(self, quota: Quota) -> Iterator[_Ceiling]:
        """For as many Pods as there may be, beside the others of the namespace."""
        most = max(1, self.owner.most_pods)
        for side in SIDES:
            key = f"{side}.{self.resource}"
            if key in quota.hard:
                others = quota.used.get(key, 0) - self.before(side) * self.owner.pods
                room = max(0, quota.hard[key] - others) // most
                pods = f"{most} Pods with {shown(room, self.resource)} each"
                yield _Ceiling(side, room, f"ResourceQuota {quota.name} has room for {pods}")

    def below(self, ceiling: _Ceiling) -> Iterator[tuple[str, Advice]]:
        """What must be less, with what there is room for, in the order of the containers."""
        side = ceiling.side
        if self.after(side) <= ceiling.amount:
            return
        bases = {
            name: min(_side(each.before, side) or 0, _side(each.after, side) or 0)
            for name, each in self.mine.items()
        }
        room = max(0, ceiling.amount - sum(bases.values()))
        for name, advice in self.mine.items():
            wanted = _side(advice.after, side) or 0
            given = min(wanted - bases[name], room)
            room -= given
            if bases[name] + given < wanted:
                yield name, self._lowered(name, ceiling, bases[name] + given)

    def allows(self, advice: Advice) -> bool:
        """Whether its limit is within all bounds."""
        fits = all(self.after(each.side) <= each.amount for each in self.ceilings() if each.side == "limits")
        return fits and not self._violates(advice.after) and not dict(self.refused())

    def refused(self) -> Iterator[tuple[str, Advice]]:
        """All that changes, as it stands, if its sums violate a LimitRange that those which stand do not."""
        sums = {side: self.after(side) for side in SIDES}
        new = self._violated(sums) - self._violated({side: self.before(side) for side in SIDES})
        if not new:
            return
        index, bound, side = min(new)
        amounts: Mapping[str, Quantity] = getattr(self.owner.pod_bounds[index], bound)
        amount = f"{amounts[self.resource]} {self.resource}"
        rule = {
            "min": f"{side} of at least {amount}",
            "max": f"{side} of at most {amount}",
            "ratio": f"limits of at most {amounts[self.resource]} x their requests of {self.resource}",
        }[bound]
        got = " and ".join(f"{each} of {shown(sums[each], self.resource)}" for each in SIDES if sums[each])
        why = f"a LimitRange wants Pods to have {rule}, not {got}"
        for name, advice in self.mine.items():
            if advice.changes:
                yield name, structs.replace(advice, after=advice.before, why=Reason(Name.LIMIT_RANGE, why))

    def _violated(self, sums: Mapping[Side, int]) -> Violations:
        request, limit = (of_milli(sums[side]) if sums[side] else None for side in SIDES)
        return all_violated(self.owner.pod_bounds, self.resource, request, limit)

    def _lowered(self, name: str, ceiling: _Ceiling, amount: int) -> Advice:
        advice = self.mine[name]
        keeps_equal = any(
            each.name == name and self.owner.keeps_equal(each, self.resource)
            for each in self.owner.containers
        )
        resource, old = self.resource, _side(advice.before, ceiling.side)
        amount = exactly(amount, resource, up=False).milli
        new = amount if amount and is_change(old, amount, resource, self.rules) else old
        request, limit = advice.after
        if ceiling.side == "limits" or keeps_equal:
            limit = new
        if ceiling.side == "requests" or keeps_equal:
            request = new
        if request is not None and limit is not None:
            request = min(request, limit)
        after = Size(request, limit)
        if self._violates(after):
            after = advice.before
        wanted = shown(_side(advice.after, ceiling.side) or 0, resource)
        return structs.replace(
            advice, after=after, why=Reason(Name.DOES_NOT_FIT, f"{ceiling.why}, not for {wanted}")
        )

    def _violates(self, size: Size) -> bool:
        request, limit = (None if each is None else of_milli(each) for each in size)
        return bool(all_violated(self.owner.container_bounds, self.resource, request, limit))


def _side(size: Size, side: Side) -> int | None:
    return size.request if side == "requests" else size.limit


def with_raises(quotas: Iterable[Quota], owner: OwnerState, advices: Advices) -> Sequence[Quota]:
    """The quotas once this owner has what is recommended: the next one of the namespace gets what is left.

    What is lowered gives no room, because it may not be carried out.
    """
    raised: dict[str, int] = {}
    for resource in QOS_RESOURCES:
        mine = {container: each[resource] for container, each in advices.items()}
        pod = _Pod(owner=owner, resource=resource, mine=mine, rules=Rules())
        for side in SIDES:
            raised[f"{side}.{resource}"] = max(0, pod.after(side) - pod.before(side)) * owner.most_pods
    return [
        structs.replace(each, used={key: used + raised.get(key, 0) for key, used in each.used.items()})
        for each in quotas
    ]
