"""When the Pods of an owner are not resized, whichever they are: its rollout, and autoscalers. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from webhook.audit.costs.autoscalers import Autoscaler, Metric
from webhook.model.notice import Notice
from webhook.resize.facts import Allowed, Facts
from webhook.resize.pod import Values

if TYPE_CHECKING:
    from webhook.resize.plan import PodPlan


def refusals(pods: Sequence[PodPlan], facts: Facts, allowed: Allowed) -> Iterator[Notice]:
    if facts.rollout:
        yield Notice("rollout", f"its Pods are being replaced: {facts.rollout}")
    for vertical in facts.vertical:
        fields = {each.field for pod in pods for each in pod.changes if vertical.controls(each.field)}
        if fields:
            names = ", ".join(sorted({each.container for each in fields}))
            yield Notice(
                "vpa",
                f"VerticalPodAutoscaler {vertical.name} (mode {vertical.mode}) controls {names}, and would "
                "put its own values back: change its bounds, or its mode to Off",
            )
    if not allowed.hpa:
        if not facts.knows_autoscalers:
            yield Notice(
                "unknown-autoscalers",
                "you may not read its HorizontalPodAutoscalers and VerticalPodAutoscalers, so whether one "
                "reacts to a resize is unknown; --with-hpa resizes all the same",
            )
        for autoscaler, metric, target in _moved(pods, facts):
            yield Notice("hpa", f"{_sentence(autoscaler, metric, target)}; --with-hpa resizes all the same")


def warnings(pods: Sequence[PodPlan], facts: Facts) -> Iterator[Notice]:
    for autoscaler, metric, target in _moved(pods, facts):
        yield Notice("hpa", _sentence(autoscaler, metric, target))


def _moved(pods: Sequence[PodPlan], facts: Facts) -> Iterator[tuple[Autoscaler, Metric, int]]:
    """Metrics whose utilization changes at once, with the target that keeps the number of replicas."""
    for autoscaler in facts.autoscalers:
        for metric in autoscaler.metrics:
            before = after = 0
            for each in pods:
                now = each.pod.values()
                before += _requests(now, metric)
                after += _requests({**now, **each.after}, metric)
            if before != after and after:
                yield autoscaler, metric, round(metric.target * before / after)


def _requests(values: Values, metric: Metric) -> int:
    return sum(
        value.milli
        for field, value in values.items()
        if field.side == "requests"
        and field.resource == metric.resource
        and metric.container in ("", field.container)
    )


def _sentence(autoscaler: Autoscaler, metric: Metric, target: int) -> str:
    return (
        f"HorizontalPodAutoscaler {autoscaler.ref.name} scales on {metric.resource} in percent of the "
        f"request: a target of {target} % instead of {metric.target} % keeps its replicas"
    )
