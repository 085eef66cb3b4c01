"""Parts of a policy that have the shape of Kubernetes' own types: label selectors and tolerations.

Validated as by `validateTolerations` in k8s.io/kubernetes `pkg/apis/core/validation/validation.go` and
`LabelSelectorAsSelector` in k8s.io/apimachinery. The `rules` of a model check for the API server what its
validators check.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from webhook.model.names import ARCH, node_label
from webhook.policies.policy_kinds import Rule
from webhook.policies.scalars import MAX_ENTRIES, MAX_VALUES, Int64, LabelKey, Labels, LabelValue

# Of Gt and Lt: the scheduler reads 64 bits.
_WHOLE_NUMBER = "[0-9]{1,18}"


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    rules: ClassVar[tuple[Rule, ...]] = ()

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, data: Any) -> Any:
        """As the API server does (k8s.io/apiextensions-apiserver, `defaulting/prune.go`)."""
        if not isinstance(data, dict):
            return data
        return {key: value for key, value in data.items() if value is not None or key not in cls.model_fields}


class Requirement(Model):
    """A requirement on labels, as in `metav1.LabelSelectorRequirement`."""

    rules = (
        Rule(
            "self.operator in ['In', 'NotIn'] == (has(self.values) && size(self.values) > 0)",
            "In and NotIn take at least one value, Exists and DoesNotExist none",
        ),
    )
    key: LabelKey = Field(description="Key of the label.")
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"] = Field(
        description="How the value of the label must relate to values."
    )
    values: list[LabelValue] = Field(
        default=[],
        max_length=MAX_VALUES,
        description="At least one for In and NotIn, none for Exists and DoesNotExist.",
    )

    @model_validator(mode="after")
    def _values_fit_operator(self) -> Requirement:
        if bool(self.values) != (self.operator in ("In", "NotIn")):
            need = "at least one value" if not self.values else "no values"
            raise ValueError(f"operator {self.operator} takes {need}")
        return self


class LabelSelector(Model):
    """A `metav1.LabelSelector`: all of its requirements must hold."""

    matchLabels: Labels | None = Field(default=None, description="Labels that must have these values.")
    matchExpressions: list[Requirement] | None = Field(
        default=None, max_length=MAX_ENTRIES, description="Further requirements on labels; all must hold."
    )


class NodeRequirement(Model):
    """A `core/v1 NodeSelectorRequirement`."""

    rules = (
        Rule(
            "self.operator in ['Gt', 'Lt'] || "
            "self.operator in ['In', 'NotIn'] == (has(self.values) && size(self.values) > 0)",
            "In and NotIn take at least one value, Exists and DoesNotExist none",
        ),
        Rule(
            "!(self.operator in ['Gt', 'Lt']) || (has(self.values) && size(self.values) == 1 && "
            f"self.values[0].matches('^{_WHOLE_NUMBER}$'))",
            "Gt and Lt take one whole number",
        ),
    )
    key: LabelKey = Field(description="Key of the Node's label.")
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"] = Field(
        description="How the value of the label must relate to values."
    )
    values: list[LabelValue] = Field(
        default=[],
        max_length=MAX_VALUES,
        description="At least one for In and NotIn, one whole number for Gt and Lt, none for the others.",
    )

    @model_validator(mode="after")
    def _values_fit_operator(self) -> NodeRequirement:
        if self.operator in ("Gt", "Lt"):
            if len(self.values) != 1 or not re.fullmatch(_WHOLE_NUMBER, self.values[0]):
                raise ValueError(f"operator {self.operator} takes one whole number")
        elif bool(self.values) != (self.operator in ("In", "NotIn")):
            need = "at least one value" if not self.values else "no values"
            raise ValueError(f"operator {self.operator} takes {need}")
        return self


class PreferredNodes(Model):
    """A `core/v1 PreferredSchedulingTerm`."""

    weight: Int64 = Field(ge=1, le=100, description="Added to the score of Nodes that match, from 1 to 100.")
    matchExpressions: list[NodeRequirement] = Field(
        min_length=1, max_length=MAX_ENTRIES, description="Requirements on labels of the Node; all must hold."
    )


_ONE_ARCHITECTURE = "write nodeSelector kubernetes.io/arch: arm64 instead: it makes an ARM64 Pod of it"


class NodeAffinity(Model):
    """What a Pod asks of Nodes beside what it asks itself."""

    rules = (
        Rule(
            "!has(self.required) || !self.required.exists(e, e.operator == 'In' && e.key in "
            "['kubernetes.io/arch', 'beta.kubernetes.io/arch'] && has(e.values) && e.values == ['arm64'])",
            _ONE_ARCHITECTURE,
        ),
    )
    required: list[NodeRequirement] = Field(
        default=[],
        max_length=MAX_ENTRIES,
        description="All must hold, whichever of the Pod's own terms does.",
    )
    preferred: list[PreferredNodes] = Field(
        default=[], max_length=MAX_ENTRIES, description="Nodes that match score higher."
    )

    @model_validator(mode="after")
    def _does_not_change_the_type(self) -> NodeAffinity:
        for each in self.required:
            if node_label(each.key) == ARCH and each.operator == "In" and each.values == ["arm64"]:
                raise ValueError(_ONE_ARCHITECTURE)
        return self


class KeylessToleration(Model):
    """A `core/v1 Toleration` without its key."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.operator) || self.operator != 'Exists' || !has(self.value) || self.value == ''",
            "operator Exists takes no value",
        ),
        Rule(
            "!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')",
            "tolerationSeconds needs effect NoExecute",
        ),
    )
    operator: Literal["Equal", "Exists"] | None = Field(default=None, description="Equal if not set.")
    value: LabelValue | None = Field(default=None, description="Value of the taint, for operator Equal.")
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = Field(
        default=None, description="Effect of the taint; all effects if not set."
    )
    tolerationSeconds: Int64 | None = Field(
        default=None, description="How long NoExecute is tolerated; forever if not set."
    )

    @model_validator(mode="after")
    def _is_a_toleration(self) -> KeylessToleration:
        if self.operator == "Exists" and self.value:
            raise ValueError("operator Exists takes no value")
        if self.tolerationSeconds is not None and self.effect != "NoExecute":
            raise ValueError("tolerationSeconds needs effect NoExecute")
        return self


class Toleration(KeylessToleration):
    """A `core/v1 Toleration`."""

    rules = (
        *KeylessToleration.rules,
        Rule(
            "has(self.key) || (has(self.operator) && self.operator == 'Exists')",
            "without a key the operator must be Exists: it tolerates every taint",
        ),
    )
    key: LabelKey | None = Field(
        default=None, description="Key of the taint; all taints if not set, which needs operator Exists."
    )

    @model_validator(mode="after")
    def _has_a_key(self) -> Toleration:
        if not self.key and self.operator != "Exists":
            raise ValueError("without a key the operator must be Exists: it tolerates every taint")
        return self
