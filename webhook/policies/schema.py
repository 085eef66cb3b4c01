"""The policy document, field by field: the same for files, ConfigMaps and custom resources.

Unknown fields are refused. Nothing here reaches the engine: `compile` turns documents into frozen policies,
`crd` the models into the schema of the custom resources. `rules` say for the API server what the validator
beside them says for files.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from webhook.model import quantity
from webhook.model.names import ARCH, Mode, WorkloadType, node_label
from webhook.policies.kubernetes_types import KeylessToleration, LabelSelector, Model, Toleration
from webhook.policies.scalars import (
    MAX_ENTRIES,
    Amounts,
    Annotations,
    Bounds,
    Factors,
    GlobPattern,
    ImagePattern,
    Int64,
    Labels,
    ObjectName,
    OwnerKind,
    Ratios,
    ResizePolicy,
    Rule,
    huge_exponent,
)


class Match(Model):
    """Which Pods; everything given must hold. Absent, null or empty: no clause."""

    workloadTypes: list[WorkloadType] | None = Field(
        default=None, max_length=4, description="The Pod has one of these types."
    )
    namespaceSelector: LabelSelector | None = Field(
        default=None, description="Labels of the Pod's namespace (ClusterWorkloadPolicy only)."
    )
    podSelector: LabelSelector | None = Field(default=None, description="Labels of the Pod.")
    annotations: Annotations | None = Field(default=None, description="Annotations of the Pod, all equal.")
    ownerKinds: list[OwnerKind] | None = Field(
        default=None,
        max_length=MAX_ENTRIES,
        description="Kind of the controlling owner; Deployment is known, Pod means that there is none.",
    )
    images: list[ImagePattern] | None = Field(
        default=None,
        max_length=MAX_ENTRIES,
        description="Globs on images, without tag and digest; one container's image is enough.",
    )


class Containers(Model):
    """Which containers of the Pod the container-level rules shape; both must hold."""

    names: list[GlobPattern] | None = Field(
        default=None, max_length=MAX_ENTRIES, description="Globs on container names."
    )
    images: list[ImagePattern] | None = Field(
        default=None, max_length=MAX_ENTRIES, description="Globs on images, without tag and digest."
    )


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
    """A `core/v1 LimitRangeItem` as the API server serves it: what is not written is not defaulted."""

    rules = (
        *(_not_above(lower, upper) for at, lower in enumerate(_ORDER) for upper in _ORDER[at + 1 :]),
        Rule(
            "self.type == 'Container' || !(has(self.default) || has(self.defaultRequest))",
            "a Pod has no defaults of its own: give them to its containers",
        ),
    )
    type: Literal["Container", "Pod"] = Field(description="What the item is about.")
    default: Amounts = Field(default={}, description="Limits of containers that have none.")
    defaultRequest: Amounts = Field(default={}, description="Requests of containers that have none.")
    min: Bounds = Field(default={}, description="Requests and limits are at least this.")
    max: Bounds = Field(default={}, description="Requests and limits are at most this.")
    maxLimitRequestRatio: Ratios = Field(default={}, description="A limit is at most this many requests.")

    @model_validator(mode="after")
    def _amounts_fit(self) -> LimitsItem:
        if self.type == "Pod" and self.model_fields_set & {"default", "defaultRequest"}:
            raise ValueError("a Pod has no defaults of its own: give them to its containers")
        amounts: list[tuple[str, Mapping[str, str]]] = [(name, getattr(self, name)) for name in _ORDER]
        for at, (lower, given) in enumerate(amounts):
            for upper, most in amounts[at + 1 :]:
                for resource in given.keys() & most.keys():
                    one, other = given[resource], most[resource]
                    if quantity.nano(one) > quantity.nano(other):
                        raise ValueError(f"{lower}.{resource} {one} is above {upper}.{resource} {other}")
        return self


class Resources(Model):
    """Requests and limits for containers that carry none."""

    rules = (
        Rule(
            "!has(self.qosClass) || !has(self.limitFactor) || size(self.limitFactor) == 0",
            "qosClass Guaranteed makes limits equal to requests: leave limitFactor out",
        ),
    )
    limits: list[LimitsItem] = Field(
        default=[],
        max_length=2,
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
        description="One item of type Container, and one of type Pod.",
    )
    perDevice: Amounts = Field(
        default={}, description="Requests of a container that asks for N accelerators: N times this."
    )
    limitFactor: Factors = Field(
        default={}, description="A limit that nobody set becomes this many times the request."
    )
    qosClass: Literal["Guaranteed"] | None = Field(
        default=None, description="Close every gap so that the Pod becomes Guaranteed, or change nothing."
    )
    onViolation: Literal["Warn", "Deny"] = Field(
        default="Warn", description="What happens where the Pod's own values break min, max or the ratio."
    )

    @model_validator(mode="after")
    def _one_item_of_a_type(self) -> Resources:
        types = [item.type for item in self.limits]
        if len(types) != len(set(types)):
            raise ValueError("limits: one item of a type")
        return self

    @model_validator(mode="after")
    def _one_way_to_limits(self) -> Resources:
        if self.qosClass and self.limitFactor:
            raise ValueError("qosClass Guaranteed makes limits equal to requests: leave limitFactor out")
        return self


class Accelerators(Model):
    """What holds only for containers that ask for an accelerator."""

    resizePolicy: ResizePolicy = Field(default={}, description="In place of the policy's own, key by key.")
    tolerations: list[KeylessToleration] = Field(
        default=[],
        max_length=MAX_ENTRIES,
        description="Added once per vendor asked for, with that vendor's taint as key.",
    )


_NO_LONGER_GENERAL = "a Pod that goes to arm64 Nodes is no longer General: add ARM64 to match.workloadTypes"


class Spec(Model):
    rules = (
        Rule(
            "!has(self.nodeSelector) || !(self.nodeSelector.exists(k, k in ['kubernetes.io/arch', "
            "'beta.kubernetes.io/arch'] && self.nodeSelector[k] == 'arm64')) || !has(self.match) || "
            "!has(self.match.workloadTypes) || !self.match.workloadTypes.exists(t, t == 'General') || "
            "self.match.workloadTypes.exists(t, t == 'ARM64')",
            _NO_LONGER_GENERAL,
        ),
    )
    mode: Mode = Field(default=Mode.ENFORCE, description="Enforce, Audit (only say what would be) or Off.")
    priority: Int64 = Field(default=0, ge=0, le=1000, description="Higher is heard first.")
    match: Match = Field(
        default=Match(), description="Which Pods; everything given must hold, nothing given means all Pods."
    )
    containers: Containers = Field(
        default=Containers(), description="Which of their containers resizePolicy and resources shape."
    )
    resizePolicy: ResizePolicy = Field(
        default={},
        description="How a container takes an in-place resize of cpu and memory, where it does not say.",
    )
    nodeSelector: Labels = Field(
        default={}, description="Labels of the Nodes to run on, key by key where the Pod does not say."
    )
    tolerations: list[Toleration] = Field(
        default=[],
        max_length=MAX_ENTRIES,
        description="Added where the Pod does not tolerate as much already.",
    )
    resources: Resources | None = Field(
        default=None, description="Requests and limits for containers that carry none, and their bounds."
    )
    accelerators: Accelerators = Field(
        default=Accelerators(), description="What holds only for containers that ask for an accelerator."
    )

    @model_validator(mode="after")
    def _still_matches_what_it_makes(self) -> Spec:
        sends = any(node_label(key) == ARCH and value == "arm64" for key, value in self.nodeSelector.items())
        types = self.match.workloadTypes or ()
        if sends and WorkloadType.GENERAL in types and WorkloadType.ARM64 not in types:
            raise ValueError(_NO_LONGER_GENERAL)
        return self


class Metadata(BaseModel):
    """The API server's own fields may stand here: a policy can be read back from a cluster."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    name: ObjectName
    namespace: ObjectName | None = None


GROUP = "podtailor.dev"
POLICY_KINDS = ("ClusterWorkloadPolicy", "WorkloadPolicy")
TEST_KIND = "PolicyTest"


class PolicyDocument(Model):
    apiVersion: Literal["podtailor.dev/v1alpha1"]
    kind: Literal["ClusterWorkloadPolicy", "WorkloadPolicy"]
    metadata: Metadata
    spec: Spec
    status: object = Field(default=None, exclude=True, description="Written by the server; never read.")

    @model_validator(mode="after")
    def _namespaced_or_not(self) -> PolicyDocument:
        if self.kind == "WorkloadPolicy":
            if self.spec.match.namespaceSelector:
                raise ValueError("a WorkloadPolicy reaches its own namespace only: no namespaceSelector")
            if not self.metadata.namespace:
                raise ValueError("a WorkloadPolicy in a file needs metadata.namespace")
        elif self.metadata.namespace:
            raise ValueError("a ClusterWorkloadPolicy has no metadata.namespace")
        return self
