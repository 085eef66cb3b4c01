"""What is kept of the objects that make a snapshot: Namespaces, ResourceQuotas, LimitRanges."""

from __future__ import annotations

import msgspec
from msgspec import Struct, structs

from webhook.cluster.pager import Object, Resource
from webhook.model.pod import Toleration
from webhook.model.policy import Bounds
from webhook.model.quantity import amounts
from webhook.model.subject import Namespace


class Quota(Struct, frozen=True):
    """What matters of one ResourceQuota."""

    namespace: str
    by_class: bool
    """It has scope BestEffort or NotBestEffort."""
    counts_ephemeral_storage: bool


class LimitRangeBounds(Struct, frozen=True):
    """The bounds of one LimitRange. The API server applies its defaults before it calls the webhook."""

    namespace: str
    container: tuple[Bounds, ...]
    pod: tuple[Bounds, ...]


class _ScopeRequirement(Struct, frozen=True):
    scopeName: str = ""


class _ScopeSelector(Struct, frozen=True):
    matchExpressions: list[_ScopeRequirement] | None = None


class _QuotaSpec(Struct, frozen=True):
    hard: dict[str, str] | None = None
    scopes: list[str] | None = None
    scopeSelector: _ScopeSelector | None = None


class _ResourceQuota(Struct, frozen=True):
    spec: _QuotaSpec | None = None


class _LimitRangeItem(Struct, frozen=True):
    type: str = ""
    min: dict[str, str] | None = None
    max: dict[str, str] | None = None
    maxLimitRequestRatio: dict[str, str] | None = None


class _LimitRangeSpec(Struct, frozen=True):
    limits: list[_LimitRangeItem] | None = None


class _LimitRange(Struct, frozen=True):
    spec: _LimitRangeSpec | None = None


class _Annotated(Struct, frozen=True):
    annotations: dict[str, str] | None = None


class _Namespace(Struct, frozen=True):
    metadata: _Annotated = _Annotated()


_NAMESPACES = msgspec.json.Decoder(_Namespace)
_TOLERATIONS = msgspec.json.Decoder(list[Toleration])
_NODE_SELECTOR = "scheduler.alpha.kubernetes.io/node-selector"
_ALLOWED_TOLERATIONS = "scheduler.alpha.kubernetes.io/tolerationsWhitelist"
_RANGES = msgspec.json.Decoder(_LimitRange)
_QUOTAS = msgspec.json.Decoder(_ResourceQuota)
_BY_CLASS = {"BestEffort", "NotBestEffort"}
_EPHEMERAL = {"ephemeral-storage", "requests.ephemeral-storage", "limits.ephemeral-storage"}


def _namespace(obj: Object) -> Namespace:
    annotations = _NAMESPACES.decode(obj.raw).metadata.annotations or {}
    selector = (pair.partition("=") for pair in annotations.get(_NODE_SELECTOR, "").split(","))
    try:
        allowed = _TOLERATIONS.decode(annotations.get(_ALLOWED_TOLERATIONS) or "[]")
    except msgspec.MsgspecError:  # PodTolerationRestriction refuses every Pod of this namespace anyway
        allowed = []
    return Namespace(
        obj.metadata.name,
        obj.metadata.labels or {},
        node_selector={key.strip(): value.strip() for key, equals, value in selector if equals},
        allowed_tolerations=tuple(allowed),
    )


def _quota(obj: Object) -> Quota:
    spec = _QUOTAS.decode(obj.raw).spec or _QuotaSpec()
    selector = spec.scopeSelector or _ScopeSelector()
    scopes = {*(spec.scopes or ()), *(each.scopeName for each in selector.matchExpressions or ())}
    return Quota(
        obj.metadata.namespace or "",
        by_class=not scopes.isdisjoint(_BY_CLASS),
        counts_ephemeral_storage=not _EPHEMERAL.isdisjoint(spec.hard or {}),
    )


def _range(obj: Object) -> LimitRangeBounds:
    items = (_RANGES.decode(obj.raw).spec or _LimitRangeSpec()).limits or ()
    container, pod = (
        tuple(
            Bounds(amounts(item.min or {}), amounts(item.max or {}), amounts(item.maxLimitRequestRatio or {}))
            for item in items
            if item.type == wanted
        )
        for wanted in ("Container", "Pod")
    )
    return LimitRangeBounds(obj.metadata.namespace or "", container, pod)


def with_quota(namespace: Namespace, quota: Quota) -> Namespace:
    return structs.replace(
        namespace,
        has_best_effort_quota=namespace.has_best_effort_quota or quota.by_class,
        counts_ephemeral_storage=namespace.counts_ephemeral_storage or quota.counts_ephemeral_storage,
    )


def with_limit_range(namespace: Namespace, bounds: LimitRangeBounds) -> Namespace:
    return structs.replace(
        namespace,
        container_bounds=(*namespace.container_bounds, *bounds.container),
        pod_bounds=(*namespace.pod_bounds, *bounds.pod),
    )


NAMESPACES = Resource("namespaces", "/api/v1/namespaces", _namespace, metadata_only=True)
QUOTAS = Resource("resourcequotas", "/api/v1/resourcequotas", _quota)
LIMIT_RANGES = Resource("limitranges", "/api/v1/limitranges", _range)
