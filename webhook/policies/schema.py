"""The policy document: one schema for files, ConfigMaps and custom resources.

Unknown fields are refused. `compile.py` turns documents into the engine's policies, tools/crds.py the models
into CustomResourceDefinitions. The `rules` of a model check for the API server what its validators check.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from webhook.model import quantity
from webhook.model.names import ARCH, Mode, WorkloadType, node_label
from webhook.policies.kubernetes_types import KeylessToleration, Model, NodeAffinity, Toleration
from webhook.policies.policy_kinds import Rule
from webhook.policies.scalars import (
    MAX_ENTRIES,
    Amounts,
    Bounds,
    Days,
    Factors,
    Int64,
    Labels,
    Margin,
    ObjectName,
    Quantile,
    Ratios,
    ResizePolicy,
    huge_exponent,
)
from webhook.policies.selection import Containers, Match

_ORDER = ("min", "defaultRequest", "default", "max")


def _not_above(lower: str, upper: str) -> Rule:
    one, other = f"self.{lower}[k]", f"self.{upper}[k]"
    return Rule(
        f"!has(self.{lower}) || !has(self.{upper}) || self.{lower}.all(k, !(k in self.{upper}) || "
        f"{huge_exponent(one)} || {huge_exponent(other)} || "
        f"quantity({one}).compareTo(quantity({other})) <= 0)",
        f"{lower} must not be above {upper}",
    )


class LimitsItem(Model):
    """A `core/v1 LimitRangeItem`. Fields that are not written get no default."""

    rules = (
        *(_not_above(lower, upper) for at, lower in enumerate(_ORDER) for upper in _ORDER[at + 1 :]),
        Rule(
            "self.type == 'Container' || !(has(self.default) || has(self.defaultRequest))",
            "a Pod has no defaults: put them into the item of type Container",
        ),
    )
    type: Literal["Container", "Pod"] = Field(
        description="What the values apply to: each container, or the Pod as a whole."
    )
    default: Amounts = Field(default={}, description="Limits for containers without one.")
    defaultRequest: Amounts = Field(default={}, description="Requests for containers without one.")
    min: Bounds = Field(default={}, description="Lower bound of requests and limits.")
    max: Bounds = Field(default={}, description="Upper bound of requests and limits.")
    maxLimitRequestRatio: Ratios = Field(
        default={}, description="Upper bound of a limit, as a multiple of its request."
    )

    @model_validator(mode="after")
    def _amounts_are_ordered(self) -> LimitsItem:
        if self.type == "Pod" and self.model_fields_set & {"default", "defaultRequest"}:
            raise ValueError("a Pod has no defaults: put them into the item of type Container")
        amounts: list[tuple[str, Mapping[str, str]]] = [(name, getattr(self, name)) for name in _ORDER]
        for at, (lower, low) in enumerate(amounts):
            for upper, high in amounts[at + 1 :]:
                for resource in low.keys() & high.keys():
                    one, other = low[resource], high[resource]
                    if quantity.nano(one) > quantity.nano(other):
                        raise ValueError(f"{lower}.{resource} {one} is above {upper}.{resource} {other}")
        return self


class Resources(Model):
    """Requests and limits for containers without them, and their bounds."""

    rules = (
        Rule(
            "!has(self.qosClass) || !has(self.limitFactor) || size(self.limitFactor) == 0",
            "qosClass Guaranteed makes limits equal to requests: remove limitFactor",
        ),
    )
    limits: list[LimitsItem] = Field(
        default=[],
        max_length=2,
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
        description="At most one item of type Container and one of type Pod.",
    )
    perDevice: Amounts = Field(
        default={},
        description="Requests for a container that requests accelerators: this much for each of them.",
    )
    limitFactor: Factors = Field(
        default={}, description="A missing limit becomes this many times the request."
    )
    qosClass: Literal["Guaranteed"] | None = Field(
        default=None,
        description="Guaranteed: set all requests and limits that this class needs, or none.",
    )
    onViolation: Literal["Warn", "Deny"] = Field(
        default="Warn",
        description="What happens if the Pod's own values violate min, max or the ratio.",
    )

    @model_validator(mode="after")
    def _one_item_of_a_type(self) -> Resources:
        types = [item.type for item in self.limits]
        if len(types) != len(set(types)):
            raise ValueError("limits: at most one item of each type")
        return self

    @model_validator(mode="after")
    def _one_way_to_limits(self) -> Resources:
        if self.qosClass and self.limitFactor:
            raise ValueError("qosClass Guaranteed makes limits equal to requests: remove limitFactor")
        return self


class Accelerators(Model):
    """Settings for containers that request an accelerator."""

    resizePolicy: ResizePolicy = Field(
        default={}, description="Overrides the resizePolicy of the policy, key by key."
    )
    tolerations: list[KeylessToleration] = Field(
        default=[],
        max_length=MAX_ENTRIES,
        description="Added once for each vendor requested, with that vendor's taint as key.",
    )


class Recommend(Model):
    """How `podtailor recommend` sizes containers. It changes no Pod."""

    cpuQuantile: Quantile | None = Field(
        default=None, description="The CPU request goes by this quantile of usage; 0.95 if not set."
    )
    cpuMargin: Margin | None = Field(
        default=None, description="The CPU request is this many times the quantile; 1.15 if not set."
    )
    memoryMargin: Margin | None = Field(
        default=None, description="The memory request is this many times the peak; 1.15 if not set."
    )
    window: Days | None = Field(default=None, description="How many days of usage count; 7d if not set.")


_NO_LONGER_GENERAL = "a Pod on arm64 Nodes is no longer General: add ARM64 to match.workloadTypes"
_EXCLUDES_ITS_OWN = "a Pod on arm64 Nodes is ARM64: remove ARM64 from exclude.workloadTypes"
_SELECTS_ARM64 = (
    "self.nodeSelector.exists(k, k in ['kubernetes.io/arch', 'beta.kubernetes.io/arch'] && "
    "self.nodeSelector[k] == 'arm64')"
)


class Spec(Model):
    rules = (
        Rule(
            f"!has(self.nodeSelector) || !({_SELECTS_ARM64}) || !has(self.match) || "
            "!has(self.match.workloadTypes) || !self.match.workloadTypes.exists(t, t == 'General') || "
            "self.match.workloadTypes.exists(t, t == 'ARM64')",
            _NO_LONGER_GENERAL,
        ),
        Rule(
            f"!has(self.nodeSelector) || !({_SELECTS_ARM64}) || !has(self.exclude) || "
            "!has(self.exclude.workloadTypes) || !self.exclude.workloadTypes.exists(t, t == 'ARM64')",
            _EXCLUDES_ITS_OWN,
        ),
    )
    mode: Mode = Field(
        default=Mode.ENFORCE,
        description="Enforce changes Pods, Audit only reports what would change, Off does nothing.",
    )
    priority: Int64 = Field(
        default=0, ge=0, le=1000, description="Policies with higher priority take precedence."
    )
    match: Match = Field(
        default=Match(),
        description="Which Pods the policy applies to: all clauses must match. Without clauses, all Pods.",
    )
    exclude: Match = Field(
        default=Match(),
        description="Which Pods it leaves out: those that all of these clauses match. Without clauses, none.",
    )
    containers: Containers = Field(
        default=Containers(), description="Which of their containers resizePolicy and resources apply to."
    )
    resizePolicy: ResizePolicy = Field(
        default={},
        description="How containers without a resizePolicy handle an in-place resize of cpu and memory.",
    )
    nodeSelector: Labels = Field(
        default={}, description="Labels of the Nodes to run on, for keys that the Pod does not select itself."
    )
    nodeAffinity: NodeAffinity = Field(
        default=NodeAffinity(),
        description="What Nodes must or should be, for labels about which the Pod says nothing itself.",
    )
    tolerations: list[Toleration] = Field(
        default=[],
        max_length=MAX_ENTRIES,
        description="Added unless the Pod already tolerates the same taints.",
    )
    resources: Resources | None = Field(
        default=None, description="Requests and limits for containers without them, and their bounds."
    )
    accelerators: Accelerators = Field(
        default=Accelerators(), description="Settings for containers that request an accelerator."
    )
    recommend: Recommend | None = Field(
        default=None,
        description="How podtailor recommend sizes the containers; it changes no Pod.",
    )

    @model_validator(mode="after")
    def _matches_its_own_result(self) -> Spec:
        selects_arm64 = any(
            node_label(key) == ARCH and value == "arm64" for key, value in self.nodeSelector.items()
        )
        types = self.match.workloadTypes or ()
        if selects_arm64 and WorkloadType.GENERAL in types and WorkloadType.ARM64 not in types:
            raise ValueError(_NO_LONGER_GENERAL)
        if selects_arm64 and WorkloadType.ARM64 in (self.exclude.workloadTypes or ()):
            raise ValueError(_EXCLUDES_ITS_OWN)
        return self


class Metadata(BaseModel):
    """Other fields are ignored, so that a policy can be read back from a cluster."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    name: ObjectName
    namespace: ObjectName | None = None


class PolicyDocument(Model):
    apiVersion: Literal["podtailor.dev/v1alpha1"]
    kind: Literal["ClusterWorkloadPolicy", "WorkloadPolicy"]
    metadata: Metadata
    spec: Spec
    status: object = Field(default=None, exclude=True, description="Written by podtailor; ignored in files.")

    @model_validator(mode="after")
    def _namespaced_or_not(self) -> PolicyDocument:
        if self.kind == "WorkloadPolicy":
            if self.spec.match.namespaceSelector or self.spec.exclude.namespaceSelector:
                raise ValueError(
                    "a WorkloadPolicy applies to its own namespace only: remove namespaceSelector"
                )
            if not self.metadata.namespace:
                raise ValueError("a WorkloadPolicy in a file needs metadata.namespace")
        elif self.metadata.namespace:
            raise ValueError("a ClusterWorkloadPolicy has no metadata.namespace")
        return self
