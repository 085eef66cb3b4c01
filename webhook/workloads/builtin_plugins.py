"""What the API server's built-in admission plugins do to a Pod before webhooks see it.

LimitRanger sets default resources (k8s.io/kubernetes `plugin/pkg/admission/limitranger/admission.go`),
RuntimeClass adds overhead and placement (`plugin/pkg/admission/runtimeclass/admission.go`). A Pod
template lacks both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct, structs

from webhook.model.pod import (
    NO_RESOURCES,
    NO_SPEC,
    ContainerView,
    PodView,
    ResourceList,
    ResourceRequirements,
    Toleration,
    effective_requests,
)


class Defaults(Struct, frozen=True):
    """Of containers, from one LimitRange. The API server has filled in what the LimitRange leaves out."""

    namespace: str = ""
    limits: ResourceList = {}
    requests: ResourceList = {}


class RuntimeClass(Struct, frozen=True, kw_only=True):
    name: str = ""
    overhead: ResourceList = {}
    node_selector: Mapping[str, str] = {}
    tolerations: tuple[Toleration, ...] = ()


class Plugins(Struct, frozen=True):
    """The LimitRanges and RuntimeClasses of one cluster."""

    defaults: Mapping[str, Sequence[Defaults]] = {}
    """By namespace. Applied in this order; the API server's order is not defined."""
    runtime_classes: Mapping[str, RuntimeClass] = {}

    def runtime_class(self, name: object) -> RuntimeClass:
        """An unknown class adds nothing."""
        known = self.runtime_classes.get(name) if isinstance(name, str) else None
        return known or RuntimeClass()

    def admitted(self, view: PodView, namespace: str, runtime_class: RuntimeClass) -> PodView:
        """The Pod as webhooks would see it."""
        spec = view.spec or NO_SPEC
        defaults = self.defaults.get(namespace, ())
        if defaults:
            spec = structs.replace(
                spec,
                containers=[_defaulted(each, defaults) for each in spec.containers or ()],
                initContainers=[_defaulted(each, defaults) for each in spec.initContainers or ()],
            )
        if runtime_class.node_selector:
            selector = {**(spec.nodeSelector or {}), **runtime_class.node_selector}
            spec = structs.replace(spec, nodeSelector=selector)
        if runtime_class.tolerations:
            own = spec.tolerations or []
            added = [each for each in runtime_class.tolerations if each not in own]
            spec = structs.replace(spec, tolerations=[*own, *added])
        return structs.replace(view, spec=spec)


NO_PLUGINS = Plugins()


def _defaulted(container: ContainerView, defaults: Sequence[Defaults]) -> ContainerView:
    own = container.resources or NO_RESOURCES
    limits = own.limits or {}
    requests = effective_requests(own)  # before LimitRanger
    for each in defaults:
        limits = {**each.limits, **limits}
        requests = {**each.requests, **requests}
    if not limits and not requests:
        return container
    return structs.replace(container, resources=ResourceRequirements(limits=limits, requests=requests))
