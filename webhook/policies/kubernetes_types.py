"""Parts of a policy that Kubernetes has too: label selectors, tolerations.

Checked as `validateTolerations` in k8s.io/kubernetes `pkg/apis/core/validation/validation.go` and
`LabelSelectorAsSelector` in k8s.io/apimachinery do. `rules` say for the API server what the validator beside
them says for files.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from webhook.policies.scalars import MAX_ENTRIES, MAX_VALUES, Int64, LabelKey, Labels, LabelValue, Rule


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    rules: ClassVar[tuple[Rule, ...]] = ()

    @model_validator(mode="before")
    @classmethod
    def _null_is_not_given(cls, data: Any) -> Any:
        """The API server drops it (k8s.io/apiextensions-apiserver, `defaulting/prune.go`)."""
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
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"] = Field(description="How the label must be.")
    values: list[LabelValue] = Field(
        default=[], max_length=MAX_VALUES, description="Of In and NotIn, at least one; of the others none."
    )

    @model_validator(mode="after")
    def _values_fit_operator(self) -> Requirement:
        if bool(self.values) != (self.operator in ("In", "NotIn")):
            need = "at least one value" if not self.values else "no values"
            raise ValueError(f"operator {self.operator} takes {need}")
        return self


class LabelSelector(Model):
    """A `metav1.LabelSelector`: all of its requirements must hold."""

    matchLabels: Labels | None = Field(
        default=None, description="Labels that must be there with these values."
    )
    matchExpressions: list[Requirement] | None = Field(
        default=None, max_length=MAX_ENTRIES, description="More requirements."
    )


class KeylessToleration(Model):
    """A `core/v1 Toleration` but for its key."""

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
    operator: Literal["Equal", "Exists"] | None = Field(default=None, description="Equal where not given.")
    value: LabelValue | None = Field(default=None, description="Value of the taint, with Equal.")
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = Field(
        default=None, description="Effect of the taint; every effect where not given."
    )
    tolerationSeconds: Int64 | None = Field(
        default=None, description="How long NoExecute is tolerated; for ever where not given."
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
    key: LabelKey | None = Field(default=None, description="Key of the taint; every key where not given.")

    @model_validator(mode="after")
    def _has_a_key(self) -> Toleration:
        if not self.key and self.operator != "Exists":
            raise ValueError("without a key the operator must be Exists: it tolerates every taint")
        return self
