"""Compile a policy document into the engine's policy: quantities, globs and selectors are parsed once."""

from __future__ import annotations

from webhook.model import quantity, selectors
from webhook.model.globs import glob
from webhook.model.images import image_glob
from webhook.model.pod import (
    NodeSelectorRequirement,
    NodeSelectorTerm,
    PreferredSchedulingTerm,
    Toleration,
)
from webhook.model.policy import (
    AcceleratorRules,
    Bounds,
    Match,
    NodeAffinityRules,
    Origin,
    PlatformRules,
    Policy,
    ResourceDefaults,
    Scope,
    Sizing,
)
from webhook.policies import kubernetes_types, schema, selection

_ORIGINS = {
    "WorkloadPolicy": Origin.WORKLOAD_POLICY,
    "ClusterWorkloadPolicy": Origin.CLUSTER_WORKLOAD_POLICY,
}


def compiled(
    document: schema.PolicyDocument,
    *,
    source: str,
    origin: Origin | None = None,
    regular_containers_only: bool = False,
) -> Policy:
    """The engine's policy. `origin` is given for built-ins and presets; otherwise the kind decides it."""
    spec = document.spec
    return Policy(
        name=document.metadata.name,
        origin=_ORIGINS[document.kind] if origin is None else origin,
        namespace=document.metadata.namespace,
        mode=spec.mode,
        priority=spec.priority,
        match=_match(spec.match),
        exclude=_match(spec.exclude),
        containers=Scope(
            names=tuple(map(glob, spec.containers.names or ())) or None,
            images=tuple(map(image_glob, spec.containers.images or ())) or None,
        ),
        resize_policy=dict(spec.resizePolicy.items()),
        node_selector=dict(spec.nodeSelector),
        node_affinity=NodeAffinityRules(
            tuple(map(_expression, spec.nodeAffinity.required)),
            tuple(map(_preferred, spec.nodeAffinity.preferred)),
        ),
        tolerations=tuple(map(_toleration, spec.tolerations)),
        resources=_resources(spec.resources),
        accelerators=AcceleratorRules(
            resize_policy=dict(spec.accelerators.resizePolicy.items()),
            tolerations=tuple(map(_toleration, spec.accelerators.tolerations)),
        ),
        recommend=_sizing(spec.recommend),
        regular_containers_only=regular_containers_only,
        source=source,
    )


def _match(match: selection.Match) -> Match:
    return Match(
        workload_types=tuple(match.workloadTypes or ()) or None,
        namespace_selector=_selector(match.namespaceSelector),
        pod_selector=_selector(match.podSelector),
        annotations=match.annotations or None,
        owner_kinds=tuple(match.ownerKinds or ()) or None,
        images=tuple(map(image_glob, match.images or ())) or None,
        resources=tuple(map(glob, match.resources or ())) or None,
        image_platforms=_platforms(match.imagePlatforms),
    )


def _platforms(platforms: selection.ImagePlatforms | None) -> PlatformRules | None:
    if platforms is None:
        return None
    return PlatformRules(tuple(platforms.all), tuple(platforms.lacking)) or None


def _selector(selector: kubernetes_types.LabelSelector | None) -> selectors.Selector | None:
    if selector is None:
        return None
    expressions = [
        selectors.Requirement(each.key, each.operator, tuple(each.values))
        for each in selector.matchExpressions or ()
    ]
    made = selectors.LabelSelector(dict(selector.matchLabels or {}), expressions).compiled()
    return made if made.requirements else None


def _expression(requirement: kubernetes_types.NodeRequirement) -> NodeSelectorRequirement:
    return NodeSelectorRequirement(
        requirement.key, requirement.operator, [*requirement.values] if requirement.values else None
    )


def _preferred(term: kubernetes_types.PreferredNodes) -> PreferredSchedulingTerm:
    expressions = list(map(_expression, term.matchExpressions))
    return PreferredSchedulingTerm(term.weight, NodeSelectorTerm(expressions))


def _toleration(toleration: kubernetes_types.KeylessToleration) -> Toleration:
    """With its operator written out, because the API server compares operators literally."""
    return Toleration(**{"operator": "Equal", **toleration.model_dump(exclude_none=True)})


def _resources(resources: schema.Resources | None) -> ResourceDefaults | None:
    if resources is None:
        return None
    items = {item.type: item for item in resources.limits}
    container, pod = items.get("Container", _NOTHING), items.get("Pod", _NOTHING)
    return ResourceDefaults(
        default=quantity.amounts(container.default),
        default_request=quantity.amounts(container.defaultRequest),
        container=_bounds(container),
        pod=_bounds(pod),
        deny=resources.onViolation == "Deny",
        per_device=quantity.amounts(resources.perDevice),
        limit_factor=quantity.amounts(resources.limitFactor),
        guaranteed=resources.qosClass == "Guaranteed",
    )


def _sizing(recommend: schema.Recommend | None) -> Sizing | None:
    if recommend is None:
        return None
    return Sizing(
        cpu_quantile=_milli(recommend.cpuQuantile),
        cpu_margin=_milli(recommend.cpuMargin),
        memory_margin=_milli(recommend.memoryMargin),
        window=int(recommend.window.removesuffix("d")) * _DAY if recommend.window else None,
    )


_DAY = 86400


def _milli(text: str | None) -> int | None:
    return quantity.milli(text) if text else None


_NOTHING = schema.LimitsItem(type="Container")


def _bounds(item: schema.LimitsItem) -> Bounds:
    return Bounds(
        quantity.amounts(item.min), quantity.amounts(item.max), quantity.amounts(item.maxLimitRequestRatio)
    )
