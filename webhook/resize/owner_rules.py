"""When the Pods of an owner are not resized, whichever they are: its rollout, and autoscalers. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from webhook.audit.costs.autoscalers import Autoscaler, Metric
from webhook.model.notice import Notice
from webhook.resize.facts import Allowed, Case, Facts
from webhook.resize.pod import Values


def refusals(pods: Sequence[Case], facts: Facts, allowed: Allowed) -> Iterator[Notice]:
    """`pods`: all of the owner, also those without a change."""
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
        for each in warnings(pods, facts):
            yield Notice("hpa", f"{each.detail}; --with-hpa resizes all the same")


def warnings(pods: Sequence[Case], facts: Facts) -> Iterator[Notice]:
    """What a HorizontalPodAutoscaler may do at once: it reads specs, not what kubelets have done."""
    for autoscaler in facts.autoscalers:
        for metric in autoscaler.metrics:
            before = sum(_requests(each.pod.values(), metric) for each in pods)
            after = sum(_requests(each.after, metric) for each in pods)
            if before != after:
                yield Notice("hpa", _sentence(autoscaler, metric, before, after))


def _requests(values: Values, metric: Metric) -> int:
    return sum(
        value.milli
        for field, value in values.items()
        if field.side == "requests"
        and field.resource == metric.resource
        and metric.container in ("", field.container)
    )


def _sentence(autoscaler: Autoscaler, metric: Metric, before: int, after: int) -> str:
    scales = (
        f"HorizontalPodAutoscaler {autoscaler.ref.name} scales on {metric.resource} in percent of the request"
    )
    if not before:
        return f"{scales}, and begins to scale once there is one"
    if not after:
        return f"{scales}, and cannot scale without one"
    target = max(1, round(metric.target * before / after))
    return f"{scales}: a target of {target} % instead of {metric.target} % keeps its replicas"
