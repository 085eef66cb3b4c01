"""Sizes for the containers of an owner, from what its Pods have used. Pure.

Rules: P95 of CPU and 15 %, the peak of memory and 15 %, the highest of the Pods; by peaks alone where a Pod
is Guaranteed or stateful. Unsure means more, or nothing: an empty or partial answer recommends nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from msgspec import Struct, structs

from webhook.model.names import QOS_RESOURCES
from webhook.model.subject import ContainerKind
from webhook.recommend.evidence import Evidence, Sure, evidence
from webhook.recommend.fit import fitted, with_raises
from webhook.recommend.owner import ContainerState, OwnerState
from webhook.recommend.reasons import UNJUDGED, Name, Reason
from webhook.recommend.rules import Rules
from webhook.recommend.sizing import Advice, Case, advise, unchanged
from webhook.resize.pod import Field
from webhook.usage.measured import NamespaceUsage
from webhook.workloads.workload import Ref

_FEW_RUNS = 3


class NewTarget(Struct, frozen=True):
    """What the target of a HorizontalPodAutoscaler must become together with the request."""

    autoscaler: str
    resource: str
    container: str
    """Empty: of all containers together."""
    before: int
    after: int
    """Percent of the request."""


class Recommendation(Struct, frozen=True, kw_only=True):
    """For one container."""

    owner: Ref
    container: str
    advice: Mapping[str, Advice]
    """By resource."""
    evidence: Evidence | None = None
    devices: int = 0
    is_in_template: bool = True
    targets: tuple[NewTarget, ...] = ()
    """Of the autoscalers of its owner."""

    @property
    def sure(self) -> Sure:
        return self.evidence.sure if self.evidence else Sure.LOW

    @property
    def changes(self) -> bool:
        return any(each.changes for each in self.advice.values())

    @property
    def is_judged(self) -> bool:
        """Whether enough is known about any of its resources."""
        return any(each.why.name not in UNJUDGED for each in self.advice.values())

    def per_device(self, resource: str) -> int | None:
        """The request for each of its accelerators, which are never recommended themselves."""
        request = self.advice[resource].after.request
        return -(-request // self.devices) if request and self.devices else None


RulesOf = Callable[[ContainerState], Rules]
UsageOf = Callable[[Rules], NamespaceUsage]
"""By the quantile and the window that rules ask for."""
_DEFAULTS = Rules()


def recommend(
    usage: NamespaceUsage | UsageOf, owner: OwnerState, rules: Rules | RulesOf = _DEFAULTS
) -> list[Recommendation]:
    """One for each container, but for ordinary init containers: they end before the others start."""
    of = rules if callable(rules) else lambda _: rules
    containers = [each for each in owner.containers if each.kind is not ContainerKind.INIT]
    evidences: dict[str, Evidence | None] = {}
    advices = {}
    for each in containers:
        measured = usage(of(each)) if callable(usage) else usage
        found = evidences[each.name] = evidence(measured, owner, each)
        why = _no_answer(measured, owner, found)
        if why or not found:
            why = why or Reason(Name.NOT_MEASURED, "nothing was measured")
            advices[each.name] = {name: unchanged(each.size(name), why) for name in QOS_RESOURCES}
        else:
            advices[each.name] = {
                resource: _advice(
                    Case(
                        resource=resource,
                        owner=owner,
                        container=each,
                        evidence=found,
                        rules=of(each),
                        is_history=measured.is_history,
                    )
                )
                for resource in QOS_RESOURCES
            }
    smallest = min((of(each).min_change for each in containers), default=0)
    advices_that_fit = fitted(owner, advices, Rules(min_change=smallest))
    targets = tuple(_targets(owner, advices_that_fit))
    return [
        Recommendation(
            owner=owner.ref,
            container=each.name,
            advice=advices_that_fit[each.name],
            evidence=evidences[each.name],
            devices=each.devices,
            is_in_template=each.is_in_template,
            targets=targets,
        )
        for each in containers
    ]


def recommend_all(
    usage: NamespaceUsage | UsageOf,
    owners: Iterable[OwnerState],
    rules: Callable[[OwnerState], Rules | RulesOf],
) -> Iterator[list[Recommendation]]:
    """For the owners of a namespace, one after the other: they share its quotas."""
    raised: list[tuple[OwnerState, Mapping[str, Mapping[str, Advice]]]] = []
    for owner in owners:
        quotas = owner.quotas
        for before, advices in raised:
            quotas = tuple(with_raises(quotas, before, advices))
        found = recommend(usage, structs.replace(owner, quotas=quotas), rules(owner))
        raised.append((owner, {each.container: each.advice for each in found}))
        yield found


def _advice(case: Case) -> Advice:
    """Unchanged if the size is not the container's own."""
    if case.owner.has_pod_level:
        why = Reason(Name.POD_LEVEL, "its Pods have resources as a whole, which decide")
        return unchanged(case.present, why)
    for each in case.owner.vertical:
        if each.controls(Field(case.container.name, "requests", case.resource)):
            why = Reason(Name.VERTICALLY_SCALED, f"VerticalPodAutoscaler {each.name} sets it")
            return unchanged(case.present, why)
    return advise(case)


def _no_answer(usage: NamespaceUsage, owner: OwnerState, found: Evidence | None) -> Reason | None:
    if usage.problems:
        return Reason(Name.NO_ANSWER, str(usage.problems[0]))
    if owner.is_batch and found and found.pods < _FEW_RUNS:
        runs = "1 run" if found.pods == 1 else f"{found.pods} runs"
        return Reason(Name.FEW_RUNS, f"{runs}: at least {_FEW_RUNS} are needed")
    return None


def _targets(owner: OwnerState, advices: Mapping[str, Mapping[str, Advice]]) -> Iterator[NewTarget]:
    """Where requests change that an autoscaler goes by: as many Pods as before need another target."""
    for autoscaler in owner.autoscalers:
        for metric in autoscaler.metrics:
            sizes = [
                each[metric.resource]
                for name, each in advices.items()
                if metric.resource in each and metric.container in ("", name)
            ]
            before = sum(each.before.request or 0 for each in sizes)
            after = sum(each.after.request or 0 for each in sizes)
            if before != after and before and after:
                new = max(1, round(metric.target * before / after))
                yield NewTarget(autoscaler.ref.name, metric.resource, metric.container, metric.target, new)
