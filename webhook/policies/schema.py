"""The policy document, field by field: the same for files, ConfigMaps and custom resources.

Unknown fields are refused. Nothing here reaches the engine: `compile` turns documents into frozen policies.
Syntax of labels is that of k8s.io/apimachinery `pkg/util/validation/validation.go`, of tolerations that of
`validateTolerations` in k8s.io/kubernetes `pkg/apis/core/validation/validation.go`.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from webhook.model import quantity
from webhook.model.names import Mode, WorkloadType

_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?", re.ASCII)
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*", re.ASCII)
# Lengths of k8s.io/apimachinery `pkg/util/validation/validation.go`.
_MOST_SUBDOMAIN = 253
_MOST_NAME = 63
_DEFAULTABLE = ("cpu", "memory", "ephemeral-storage")


def _object_name(value: str) -> str:
    if len(value) > _MOST_SUBDOMAIN or not _SUBDOMAIN.fullmatch(value):
        raise ValueError(f"{value!r} is not a name: lower case letters, digits, '-' and '.', at most 253")
    return value


def _label_key(value: str) -> str:
    prefix, slash, name = value.rpartition("/")
    prefix_fits = not slash or (len(prefix) <= _MOST_SUBDOMAIN and _SUBDOMAIN.fullmatch(prefix))
    if not prefix_fits or len(name) > _MOST_NAME or not _NAME.fullmatch(name):
        raise ValueError(f"{value!r} is not a label key: [prefix/]name, the name of at most 63 characters")
    return value


def _label_value(value: str) -> str:
    if value and (len(value) > _MOST_NAME or not _NAME.fullmatch(value)):
        raise ValueError(f"{value!r} is not a label value: letters, digits, '-', '_', '.', at most 63")
    return value


def _quantity(value: str) -> str:
    parsed = quantity.parse(value) if quantity.is_strict(value) else None
    if parsed is None:
        raise ValueError(f"{value!r} is not a quantity, such as 100m, 2, 0.5Gi or 1e3")
    if parsed.milli <= 0:
        raise ValueError(f"{value} must be above zero")
    return value


def _factor(value: str) -> str:
    parsed = quantity.parse(_quantity(value))
    if parsed is None or parsed.milli < quantity.ONE:
        raise ValueError(f"{value} must be at least 1: a limit is never below its request")
    return value


def _defaultable(value: str) -> str:
    if value not in _DEFAULTABLE:
        raise ValueError(f"{value} is never invented: only {', '.join(_DEFAULTABLE)} have defaults")
    return value


def _owner_kind(value: str) -> str:
    if value == "CronJob":
        raise ValueError("a CronJob's Pods are owned by its Jobs: say Job")
    return value


def _glob(value: str) -> str:
    if not value:
        raise ValueError("an empty pattern matches nothing: write * for everything")
    return value


ObjectName = Annotated[str, AfterValidator(_object_name)]
LabelKey = Annotated[str, AfterValidator(_label_key)]
LabelValue = Annotated[str, AfterValidator(_label_value)]
Quantity = Annotated[str, AfterValidator(_quantity)]
Factor = Annotated[str, AfterValidator(_factor)]
Resource = Annotated[str, AfterValidator(_defaultable)]
OwnerKind = Annotated[str, AfterValidator(_owner_kind)]
GlobPattern = Annotated[str, AfterValidator(_glob)]
Amounts = dict[Resource, Quantity]
ResizePolicy = dict[Literal["cpu", "memory"], Literal["NotRequired", "RestartContainer"]]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Requirement(Model):
    """A requirement on labels, as in `metav1.LabelSelectorRequirement`."""

    key: LabelKey = Field(description="Key of the label.")
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"] = Field(description="How the label must be.")
    values: list[LabelValue] = Field(
        default=[], description="Of In and NotIn, at least one; of the others none."
    )

    @model_validator(mode="after")
    def _values_fit_operator(self) -> Requirement:
        if bool(self.values) != (self.operator in ("In", "NotIn")):
            need = "at least one value" if not self.values else "no values"
            raise ValueError(f"operator {self.operator} takes {need}")
        return self


class LabelSelector(Model):
    """A `metav1.LabelSelector`: all of its requirements must hold."""

    matchLabels: dict[LabelKey, LabelValue] | None = Field(
        default=None, description="Labels that must be there with these values."
    )
    matchExpressions: list[Requirement] | None = Field(default=None, description="More requirements.")


class Match(Model):
    """Which Pods; everything given must hold. Absent, null or empty: no clause."""

    workloadTypes: list[WorkloadType] | None = Field(
        default=None, description="The Pod has one of these types."
    )
    namespaceSelector: LabelSelector | None = Field(
        default=None, description="Labels of the Pod's namespace (ClusterWorkloadPolicy only)."
    )
    podSelector: LabelSelector | None = Field(default=None, description="Labels of the Pod.")
    annotations: dict[str, str] | None = Field(default=None, description="Annotations of the Pod, all equal.")
    ownerKinds: list[OwnerKind] | None = Field(
        default=None,
        description="Kind of the controlling owner; Deployment is known, Pod means that there is none.",
    )
    images: list[GlobPattern] | None = Field(
        default=None, description="Globs; one container's image is enough."
    )


class Containers(Model):
    """Which containers of the Pod the container-level rules shape; both must hold."""

    names: list[GlobPattern] | None = Field(default=None, description="Globs on container names.")
    images: list[GlobPattern] | None = Field(
        default=None, description="Globs on images, without tag and digest."
    )


class TolerationShape(Model):
    """A `core/v1 Toleration` but for its key."""

    operator: Literal["Equal", "Exists"] | None = Field(default=None, description="Equal where not given.")
    value: LabelValue | None = Field(default=None, description="Value of the taint, with Equal.")
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = Field(
        default=None, description="Effect of the taint; every effect where not given."
    )
    tolerationSeconds: int | None = Field(
        default=None, strict=True, description="How long NoExecute is tolerated; for ever where not given."
    )

    @model_validator(mode="after")
    def _is_a_toleration(self) -> TolerationShape:
        if self.operator == "Exists" and self.value:
            raise ValueError("operator Exists takes no value")
        if self.tolerationSeconds is not None and self.effect != "NoExecute":
            raise ValueError("tolerationSeconds needs effect NoExecute")
        return self


class Toleration(TolerationShape):
    """A `core/v1 Toleration`."""

    key: LabelKey | None = Field(default=None, description="Key of the taint; every key where not given.")

    @model_validator(mode="after")
    def _has_a_key(self) -> Toleration:
        if not self.key and self.operator != "Exists":
            raise ValueError("without a key the operator must be Exists: it tolerates every taint")
        return self


class LimitsItem(Model):
    """A `core/v1 LimitRangeItem` as the API server serves it: what is not written is not defaulted."""

    type: Literal["Container"] = Field(description="What the item is about.")
    default: Amounts = Field(default={}, description="Limits of containers that have none.")
    defaultRequest: Amounts = Field(default={}, description="Requests of containers that have none.")

    @model_validator(mode="after")
    def _requests_fit_limits(self) -> LimitsItem:
        for resource, limit in self.default.items():
            request = quantity.parse(self.defaultRequest.get(resource, "0"))
            most = quantity.parse(limit)
            if request and most and request.milli > most.milli:
                raise ValueError(f"defaultRequest.{resource} {request} is above default.{resource} {limit}")
        return self


class Resources(Model):
    """Requests and limits for containers that carry none."""

    limits: list[LimitsItem] = Field(default=[], max_length=1, description="One item of type Container.")
    perDevice: Amounts = Field(
        default={}, description="Requests of a container that asks for N accelerators: N times this."
    )
    limitFactor: dict[Resource, Factor] = Field(
        default={}, description="A limit that nobody set becomes this many times the request."
    )
    qosClass: Literal["Guaranteed"] | None = Field(
        default=None, description="Close every gap so that the Pod becomes Guaranteed, or change nothing."
    )

    @model_validator(mode="after")
    def _one_way_to_limits(self) -> Resources:
        if self.qosClass and self.limitFactor:
            raise ValueError("qosClass Guaranteed makes limits equal to requests: leave limitFactor out")
        return self


class Accelerators(Model):
    """What holds only for containers that ask for an accelerator."""

    resizePolicy: ResizePolicy = Field(default={}, description="In place of the policy's own, key by key.")
    tolerations: list[TolerationShape] = Field(
        default=[], description="Added once per vendor asked for, with that vendor's taint as key."
    )


class Spec(Model):
    mode: Mode = Field(default=Mode.ENFORCE, description="Enforce, Audit (only say what would be) or Off.")
    priority: int = Field(default=0, ge=0, le=1000, strict=True, description="Higher is heard first.")
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
    nodeSelector: dict[LabelKey, LabelValue] = Field(
        default={}, description="Labels of the Nodes to run on, key by key where the Pod does not say."
    )
    tolerations: list[Toleration] = Field(
        default=[], description="Added where the Pod does not tolerate as much already."
    )
    resources: Resources | None = Field(
        default=None, description="Requests and limits for containers that carry none."
    )
    accelerators: Accelerators = Field(
        default=Accelerators(), description="What holds only for containers that ask for an accelerator."
    )


class Metadata(BaseModel):
    """The API server's own fields may stand here: a policy can be read back from a cluster."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    name: ObjectName
    namespace: ObjectName | None = None


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
