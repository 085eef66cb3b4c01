"""A week of usage and an owner, from a few words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import structs

from webhook.model.quantity import parse
from webhook.recommend.owner import ContainerState, OwnerState, Size
from webhook.recommend.recommend import Recommendation, recommend
from webhook.recommend.rules import Rules
from webhook.usage.measured import ContainerOfPod, Measured, NamespaceUsage, Peak, Window
from webhook.workloads.workload import Ref

DAY = 86400.0
BEGIN = 1_789_000_000.0  # 10 Sep 2026 00:26:40 UTC
WEEK = Window(BEGIN, BEGIN + 7 * DAY, 300.0)
WEB = Ref("Deployment", "shop", "web")
AT = BEGIN + 4 * DAY + 2 * 3600


def milli(text: str | None) -> int | None:
    amount = parse(text) if text is not None else None
    assert text is None or amount
    return amount.milli if amount else None


def measured(
    p95: str | None = "200m", peak: str | None = "300m", memory: str | None = "400Mi", **more: Any
) -> Measured:
    """Of a Pod that ran all week."""
    last = more.pop("last", WEEK.end - WEEK.step)
    first = more.pop("first", WEEK.begin)
    return Measured(
        cpu_quantile=milli(p95),
        cpu_peak=Peak(milli(peak) or 0, AT) if peak else None,
        memory_peak=Peak(milli(memory) or 0, AT) if memory else None,
        points=more.pop("points", round((last - first) / WEEK.step) + 1),
        first=first,
        last=last,
        **more,
    )


def week(*pods: Measured, container: str = "app", owner: Ref = WEB, **more: Any) -> NamespaceUsage:
    """Pods `web-a`, `web-b` and so on."""
    named = {f"{owner.name}-{chr(97 + index)}": each for index, each in enumerate(pods)}
    return NamespaceUsage(
        namespace=owner.namespace,
        window=WEEK,
        containers={ContainerOfPod(pod, container): each for pod, each in named.items()},
        owners=dict.fromkeys(named, owner),
        **more,
    )


def size(request: str | None, limit: str | None = None) -> Size:
    return Size(milli(request), milli(limit))


def container(
    cpu: tuple[str | None, ...] = ("1",),
    memory: tuple[str | None, ...] = ("2Gi",),
    name: str = "app",
    **more: Any,
) -> ContainerState:
    return ContainerState(name=name, sizes={"cpu": size(*cpu), "memory": size(*memory)}, **more)


def owner(*containers: ContainerState, ref: Ref = WEB, **more: Any) -> OwnerState:
    return OwnerState(ref=ref, containers=containers or (container(),), **more)


def advised(usage: NamespaceUsage, state: OwnerState, rules: Rules | None = None) -> Recommendation:
    """Of the first container."""
    return recommend(usage, state, rules or Rules())[0]


def applied(state: OwnerState, found: list[Recommendation]) -> OwnerState:
    """The owner, once it has what was recommended."""
    sizes: Mapping[str, Mapping[str, Size]] = {
        each.container: {resource: advice.after for resource, advice in each.advice.items()} for each in found
    }
    return structs.replace(
        state,
        containers=tuple(
            structs.replace(each, sizes=sizes[each.name]) if each.name in sizes else each
            for each in state.containers
        ),
    )
