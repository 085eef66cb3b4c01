"""One resource of one container: from evidence to a size, with the reason that decided it. Pure.

Each function is one of the rules. Amounts are in thousandths: of a CPU, of a byte.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct, structs

from webhook.edits.resources.bounds import clamped
from webhook.model.names import WorkloadType
from webhook.model.quantity import of_milli
from webhook.recommend.evidence import Evidence, Sure, Value
from webhook.recommend.owner import ContainerState, OwnerState, Size
from webhook.recommend.reasons import Name, Reason, moment, of_bounds, of_peak, of_quantile, percent, shown
from webhook.recommend.rules import Rules

_MI = 2**20 * 1000
_FLOORS = {"cpu": 10, "memory": 32 * _MI}
_STEPS = {"cpu": ((1000, 50), (100, 10), (0, 5)), "memory": ((0, 16 * _MI),)}
"""By resource, from which amount on."""
# Changes up to this are not worth a rollout.
_SMALL = {"cpu": 10, "memory": 32 * _MI}
_LIMIT_MARGIN = 1200
"""Of a limit over the highest peak."""
_PEAK_CPU_MARGIN = 1100
"""Where the request is the limit: a process at its P95 would be throttled in 5 % of its time."""
_KILL_FACTOR, _KILL_MORE = 1250, 100 * _MI
_THROTTLED = 100


class Advice(Struct, frozen=True, kw_only=True):
    """What is recommended for one resource of a container."""

    before: Size
    after: Size
    why: Reason

    @property
    def changes(self) -> bool:
        return self.before != self.after


class Case(Struct, frozen=True, kw_only=True):
    """One resource of one container, with what is known about it."""

    resource: str
    owner: OwnerState
    container: ContainerState
    evidence: Evidence
    rules: Rules
    is_history: bool = True

    @property
    def present(self) -> Size:
        return self.container.size(self.resource)

    @property
    def keeps_equal(self) -> bool:
        return self.owner.keeps_equal(self.container, self.resource)

    @property
    def peak(self) -> Value | None:
        return self.evidence.peaks.get(self.resource)


class _Target(Struct, frozen=True):
    value: int
    why: Reason


def advise(case: Case) -> Advice:
    """By what was measured and the bounds of each container. What Pods must fit into together comes later."""
    target = _need(case)
    if target is None:
        return unchanged(case.present, Reason(Name.NOT_MEASURED, f"its {case.resource} was not measured"))
    wanted, target = target.value, _not_less(case, target)
    request = _autoscaled(case, target.value)
    size = Size(request, _limit(case, wanted, request))
    if case.keeps_equal:
        size = Size(size.limit, size.limit)
    allowed = _within_bounds(case, size) if size != case.present else size
    why = target.why if allowed == size else of_bounds(case.resource, size, allowed)
    after = _without_small_changes(case, allowed)
    return Advice(before=case.present, after=after, why=_why(case, after, wanted, why))


def unchanged(present: Size, why: Reason) -> Advice:
    return Advice(before=present, after=present, why=why)


def _need(case: Case) -> _Target | None:
    """What the usage asks for, with its margin."""
    evidence, rules = case.evidence, case.rules
    if case.resource == "memory":
        if case.peak is None:
            return None
        peak = _times(case.peak.value, rules.memory_margin)
        target = _Target(peak, of_peak(case.peak, "memory", rules.memory_margin))
    else:
        quantile = evidence.cpu_quantile
        if quantile is None:
            return None
        target = _Target(
            _times(quantile.value, rules.cpu_margin),
            of_quantile(quantile, rules.cpu_quantile, rules.cpu_margin),
        )
        by_peaks = case.owner.is_guaranteed or WorkloadType.STATEFUL in case.owner.types
        if by_peaks and case.peak and _times(case.peak.value, _PEAK_CPU_MARGIN) > target.value:
            target = _Target(
                _times(case.peak.value, _PEAK_CPU_MARGIN), of_peak(case.peak, "cpu", _PEAK_CPU_MARGIN)
            )
    return structs.replace(target, value=stepped(max(target.value, _FLOORS[case.resource]), case.resource))


def _not_less(case: Case, target: _Target) -> _Target:
    """The present request, where less of it would not be safe; and no less than one run may make of it."""
    present = case.present.request
    if present is None or (target.value >= present and not _keeps_memory(case)):
        return target
    for why in _holds(case):
        return _Target(present, why)
    least = stepped(_times(present, 1000 - case.rules.max_shrink), case.resource)
    if target.value < least:
        detail = f"{target.why}: at most {percent(case.rules.max_shrink)} less in one run"
        return _Target(least, Reason(Name.MAX_SHRINK, detail, target.why.pod, target.why.at))
    return target


def _holds(case: Case) -> Iterator[Reason]:
    """Why it gets no less than it has."""
    evidence, resource = case.evidence, case.resource
    if resource == "memory" and evidence.kill:
        yield _killed(case)
    if _keeps_memory(case):
        yield Reason(
            Name.KEEPS_MEMORY, f"{case.container.runtime} uses what it was given: that is not what it needs"
        )
    throttled = evidence.throttled
    if resource == "cpu" and throttled and throttled.value > _THROTTLED:
        share = f"{throttled.pod} was throttled in {percent(throttled.value)} of its periods"
        yield Reason(Name.THROTTLED, f"{share}: the need is above what is measured", throttled.pod)
    near = evidence.cut_off.get(resource)
    if near:
        peak = f"{near.pod} came near its limit with {shown(near.value, resource)} on {moment(near.at)}"
        yield Reason(Name.CUT_OFF, f"{peak}: the need may be above what is measured", near.pod, near.at)
    value = evidence.cpu_quantile if resource == "cpu" else case.peak
    measured = f"measured {shown(value.value, resource) if value else 'nothing'}"
    if not case.is_history:
        yield Reason(Name.RAISES_ONLY, f"one moment only raises; {measured}")
    elif evidence.sure is Sure.LOW:
        days = f"{evidence.days:.1f} days"
        yield Reason(Name.RAISES_ONLY, f"{days} of usage only raise, less takes 3; {measured}")


def _keeps_memory(case: Case) -> bool:
    """Whether usage says how much its runtime was given: no less by it, and no more until a kill."""
    is_given = case.resource == "memory" and case.container.runtime and not case.rules.allow_shrink_memory
    return bool(is_given) and case.evidence.kill is None


def _killed(case: Case) -> Reason:
    kill = case.evidence.kill
    assert kill
    at = f" at {shown(kill.limit, 'memory')}" if kill.limit else ""
    more = f": x {_KILL_FACTOR / 1000:g}, or 100Mi more" if kill.limit else ""
    return Reason(
        Name.OOM_KILLED, f"{kill.pod} was OOM-killed{at} on {moment(kill.at)}{more}", kill.pod, kill.at
    )


def autoscaling(case: Case) -> list[tuple[str, int]]:
    """The HorizontalPodAutoscalers that go by this request, each with its target in percent."""
    return [
        (each.ref.name, metric.target)
        for each in case.owner.autoscalers
        for metric in each.metrics
        if metric.resource == case.resource and metric.container in ("", case.container.name)
    ]


def _autoscaled(case: Case, request: int) -> int | None:
    """An autoscaler keeps usage at a share of the request: what is measured says nothing about the need."""
    scaling, present = autoscaling(case), case.present.request
    if not scaling and case.owner.knows_autoscalers:
        return request
    if not scaling or not case.rules.with_hpa or not present:
        return present
    if case.keeps_equal:  # a target above 100 % of a request that is the limit cannot be reached
        request = max(request, *(-(-present * target // 100) for _, target in scaling))
    return request


def _limit(case: Case, need: int, request: int | None) -> int | None:
    """None stays none, but for limits of policies. One that is more than its request is never lowered."""
    present, kill, resource = case.present.limit, case.evidence.kill, case.resource
    needed = [request or 0]
    if _keeps_memory(case) and present is not None:
        return max(present, *needed)
    if resource == "memory" and kill and kill.limit:
        more = max(_times(kill.limit, _KILL_FACTOR), kill.limit + _KILL_MORE)
        needed.append(stepped(more, resource))
    if case.keeps_equal:
        is_kept = autoscaling(case) and not case.rules.with_hpa
        return present if is_kept or not case.owner.knows_autoscalers else max(needed)
    if case.peak:
        needed.append(stepped(_times(case.peak.value, _LIMIT_MARGIN), resource))
    factor = case.rules.limit_factor.get(resource)
    if factor:  # of the need: a request that only stays does not raise its limit
        needed.append(stepped(_times(need, factor), resource))
    elif present is None:
        return None
    return max(*needed, present or 0)


def _within_bounds(case: Case, size: Size) -> Size:
    """Of the LimitRanges, as they are for each container."""
    bounds = case.owner.container_bounds
    request, limit = (
        each if each is None else clamped(of_milli(each), bounds, case.resource).milli for each in size
    )
    if request is not None and limit is not None:
        for each in bounds:
            if case.resource in each.ratio:
                request = max(request, -(-limit * 1000 // each.ratio[case.resource].milli))
        request = min(request, limit)
    return Size(request, limit)


def _without_small_changes(case: Case, size: Size) -> Size:
    request, limit = (
        new if is_change(old, new, case.resource, case.rules) else old
        for old, new in zip(case.present, size, strict=True)
    )
    if (size.limit or 0) > (case.present.limit or 0) and _is_too_low(case):
        request, limit = size.limit if case.keeps_equal else request, size.limit
    size = Size(request, None if limit is None else max(limit, request or 0))
    return size if size == case.present else _within_bounds(case, size)


def _is_too_low(case: Case) -> bool:
    """Whether its limit has killed or cut off, or may do so: more of it is no small change."""
    has_killed = case.resource == "memory" and case.evidence.kill is not None
    needed = _times(case.peak.value, _LIMIT_MARGIN) if case.peak else 0
    return has_killed or case.resource in case.evidence.cut_off or (case.present.limit or 0) < needed


def is_change(old: int | None, new: int | None, resource: str, rules: Rules) -> bool:
    """Whether it is worth a rollout."""
    if not old or new is None:
        return old != new
    more = abs(new - old)
    return more > _SMALL[resource] and more * 1000 > old * rules.min_change


def _why(case: Case, size: Size, wanted: int, why: Reason) -> Reason:
    """The one reason that decided."""
    present, resource = case.present, case.resource
    if why.name is Name.LIMIT_RANGE and size != present:
        return why
    if resource == "memory" and case.evidence.kill and (size != present or not autoscaling(case)):
        return _killed(case)
    if not case.owner.knows_autoscalers and size == present and present.request != wanted:
        detail = f"whether a HorizontalPodAutoscaler goes by it is unknown; {why}"
        return Reason(Name.AUTOSCALERS_UNKNOWN, detail, why.pod, why.at)
    if autoscaling(case) and present.request == size.request:
        return _kept_by_autoscaler(case, wanted)
    if why.name in (Name.THROTTLED, Name.CUT_OFF):
        return why
    if size.request == present.request and size.limit != present.limit and case.peak:
        return of_peak(case.peak, resource, _LIMIT_MARGIN)
    if size == present and why.name in (Name.QUANTILE, Name.PEAK) and present.request != wanted:
        detail = f"{shown(wanted, resource)} is too near to what stands; {why}"
        return Reason(Name.SMALL_CHANGE, detail, why.pod, why.at)
    return why


def _kept_by_autoscaler(case: Case, wanted: int) -> Reason:
    name, target = autoscaling(case)[0]
    detail = f"HorizontalPodAutoscaler {name} keeps it at {target} % of its request"
    if case.present.request and wanted != case.present.request:
        new = round(target * case.present.request / wanted)
        detail += f": {shown(wanted, case.resource)} would need a target of {new} %"
    return Reason(Name.AUTOSCALED, detail)


def stepped(milli: int, resource: str) -> int:
    """Rounded up to a number that people would write."""
    step = next(step for above, step in _STEPS[resource] if milli >= above)
    return -(-milli // step) * step


def _times(milli: int, thousandths: int) -> int:
    return -(-milli * thousandths // 1000)
