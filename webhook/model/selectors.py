"""Label selectors as `metav1.LabelSelector` means them (k8s.io/apimachinery `pkg/labels/selector.go`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

Operator = Literal["In", "NotIn", "Exists", "DoesNotExist"]
Labels = Mapping[str, str]


class Requirement(Struct, frozen=True):
    """One requirement of a selector; an entry of `matchLabels` is `In` with one value."""

    key: str
    operator: Operator
    values: tuple[str, ...] = ()

    def holds(self, labels: Labels) -> bool:
        match self.operator:
            case "In":
                return labels.get(self.key) in self.values
            case "NotIn":  # a missing key is not in any set
                return labels.get(self.key) not in self.values
            case "Exists":
                return self.key in labels
            case "DoesNotExist":
                return self.key not in labels

    def __str__(self) -> str:
        match self.operator:
            case "In" if len(self.values) == 1:
                return f"{self.key}={self.values[0]}"
            case "In" | "NotIn":
                return f"{self.key} {self.operator.lower()} ({', '.join(self.values)})"
            case "Exists":
                return self.key
            case "DoesNotExist":
                return f"!{self.key}"


class LabelSelector(Struct, frozen=True):
    """As in an object of the API server."""

    matchLabels: dict[str, str] = {}
    matchExpressions: list[Requirement] = []

    def compiled(self) -> Selector:
        labels = (Requirement(key, "In", (value,)) for key, value in self.matchLabels.items())
        return Selector((*labels, *self.matchExpressions))


class Selector(Struct, frozen=True):
    """Requirements that must all hold."""

    requirements: tuple[Requirement, ...]

    def first_unmet(self, labels: Labels) -> Requirement | None:
        for requirement in self.requirements:
            if not requirement.holds(labels):
                return requirement
        return None
