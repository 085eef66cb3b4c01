"""The scalars of a policy, each said twice: by a validator for files, by a schema for custom resources.

The API server checks the schema before it stores one. The two stand together so that they stay the same.
Syntax of labels and names is that of k8s.io/apimachinery `pkg/util/validation/validation.go`.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from msgspec import Struct
from pydantic import AfterValidator, BeforeValidator, Field

from webhook.model import quantity
from webhook.model.images import pattern_problem


class Rule(Struct, frozen=True):
    """A CEL rule of a custom resource (`x-kubernetes-validations`); `self` is the value."""

    rule: str
    message: str


class Text(Struct, frozen=True):
    """How a string is checked by the API server."""

    max_length: int
    """Characters. CEL counts its cost by them: without a bound no rule fits its budget."""
    pattern: str = ""
    rules: tuple[Rule, ...] = ()


# Bounds that keep the CEL rules of a whole policy inside the API server's cost budget.
MAX_ENTRIES, MAX_VALUES, MAX_RESOURCES, MAX_QUANTITY = 32, 64, 16, 32
_MAX_SUBDOMAIN, _MAX_NAME, _MAX_TEXT = 253, 63, 256
_MAX_KEY = _MAX_SUBDOMAIN + 1 + _MAX_NAME

_SUBDOMAIN = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_NAME = r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?"
_SHORT_NAME = r"([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]"
_MAX_STARS = 8
_OWNER_KINDS = ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "Pod", "ReplicationController")
_DEFAULTABLE = ("cpu", "memory", "ephemeral-storage")


def _object_name(value: str) -> str:
    if len(value) > _MAX_SUBDOMAIN or not re.fullmatch(_SUBDOMAIN, value):
        raise ValueError(f"{value!r} is not a name: lower case letters, digits, '-' and '.', at most 253")
    return value


def _qualified(value: str) -> bool:
    prefix, slash, name = value.rpartition("/")
    prefix_fits = not slash or (len(prefix) <= _MAX_SUBDOMAIN and re.fullmatch(_SUBDOMAIN, prefix))
    return bool(prefix_fits) and len(name) <= _MAX_NAME and re.fullmatch(_NAME, name) is not None


def _label_key(value: str) -> str:
    if not _qualified(value):
        raise ValueError(f"{value!r} is not a label key: [prefix/]name, the name of at most 63 characters")
    return value


def _label_value(value: str) -> str:
    if value and (len(value) > _MAX_NAME or not re.fullmatch(_NAME, value)):
        raise ValueError(f"{value!r} is not a label value: letters, digits, '-', '_', '.', at most 63")
    return value


def _quantity(value: str) -> str:
    if len(value) > MAX_QUANTITY or not quantity.is_strict(value):
        raise ValueError(f"{value!r} is not a quantity, such as 100m, 2, 0.5Gi or 1e3")
    if quantity.nano(value) <= 0:
        raise ValueError(f"{value} must be above zero")
    return value


def _factor(value: str) -> str:
    if quantity.nano(_quantity(value)) < quantity.nano("1"):
        raise ValueError(f"{value} must be at least 1: a limit is never below its request")
    return value


def _defaultable(value: str) -> str:
    if value not in _DEFAULTABLE:
        raise ValueError(f"{value} is never invented: only {', '.join(_DEFAULTABLE)} have defaults")
    return value


def _resource_name(value: str) -> str:
    if not _qualified(value):
        raise ValueError(f"{value!r} is not the name of a resource, such as cpu or nvidia.com/gpu")
    return value


def _owner_kind(value: str) -> str:
    if value == "CronJob":
        raise ValueError("a CronJob's Pods are owned by its Jobs: say Job")
    known = {kind.lower(): kind for kind in _OWNER_KINDS}
    meant = known.get(value.lower()) or known.get(value.lower().removesuffix("s"))
    if meant and meant != value:
        raise ValueError(f"no kind is written {value!r}: say {meant}")
    return value


def _without_null(value: object) -> object:
    """The API server drops null from mappings (k8s.io/apiextensions-apiserver, `defaulting/prune.go`)."""
    if not isinstance(value, dict):
        return value
    return {key: inner for key, inner in value.items() if inner is not None}


def _integral(value: object) -> object:
    """JSON knows one kind of number: 1.0 is an integer to the API server. A larger float is none exactly."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


def _int64(value: int) -> int:
    if not -(2**63) <= value < 2**63:
        raise ValueError(f"{value} is more than the API server can hold")
    return value


def _not_empty(value: str) -> str:
    if not value:
        raise ValueError("an empty pattern matches nothing: write * for everything")
    if "\n" in value:
        raise ValueError("a pattern is one line")
    if value.count("*") > _MAX_STARS:
        raise ValueError(f"a pattern has at most {_MAX_STARS} stars")
    return value


def _image_pattern(value: str) -> str:
    problem = pattern_problem(_not_empty(value))
    if problem:
        raise ValueError(f"{value!r} matches no image: {problem}")
    return value


def huge_exponent(value: str) -> str:
    """CEL that is true of a quantity whose exponent has more than two digits.

    The pattern refuses it, but the API server (1.36) runs rules all the same, and over an exponent of eleven
    digits its `quantity()` computes for half a minute: so no rule may touch it.
    """
    return f"{value}.matches('[eE][+-]?[0-9]{{3}}')"


_KEY = rf"({_SUBDOMAIN}/)?{_SHORT_NAME}"
_ABOVE_ZERO = Rule(
    f"{huge_exponent('self')} || quantity(self).isGreaterThan(quantity('0'))", "must be above zero"
)
_AT_LEAST_ONE = Rule(
    f"{huge_exponent('self')} || quantity(self).compareTo(quantity('1')) >= 0",
    "must be at least 1: a limit is never below its request",
)
_JOB = Rule("self != 'CronJob'", "a CronJob's Pods are owned by its Jobs: say Job")
_PREFIX = Rule(f"self.indexOf('/') <= {_MAX_SUBDOMAIN}", "a prefix has at most 253 characters")
_KNOWN = ", ".join(f"'{name}'" for name in _DEFAULTABLE)
_INVENTED = Rule(f"self in [{_KNOWN}]", f"only {', '.join(_DEFAULTABLE)} have defaults")
_MISSPELT = [word for kind in _OWNER_KINDS for word in (kind.lower(), f"{kind.lower()}s")]
_CAPITALS = Rule(
    f"!(self.lowerAscii() in {_MISSPELT}) || self in {[*_OWNER_KINDS]}",
    "a kind is written with capitals, as in StatefulSet",
)
_NO_TAG = Rule(
    "!self.contains('@') && !self.matches(':[^/]*$')", "tag and digest never count: leave them out"
)
_NO_EMPTY_PART = Rule(
    "!self.startsWith('/') && !self.endsWith('/') && !self.contains('//')",
    "no part of the name of an image is empty",
)
_LOWER_CASE = Rule(
    "self.matches('^([^/]+/)?[a-z0-9._*/-]+$')",
    "names of images are lower case letters, digits, '.', '_' and '-'",
)
_STARS = Rule(f"self.split('*').size() <= {_MAX_STARS + 1}", f"a pattern has at most {_MAX_STARS} stars")
_LONG = Field(max_length=_MAX_TEXT)

ObjectName = Annotated[str, AfterValidator(_object_name)]
LabelKey = Annotated[str, AfterValidator(_label_key), Text(_MAX_KEY, _KEY, (_PREFIX,))]
LabelValue = Annotated[str, AfterValidator(_label_value), Text(_MAX_NAME, f"({_SHORT_NAME})?")]
Quantity = Annotated[
    str, AfterValidator(_quantity), Text(MAX_QUANTITY, quantity.STRICT.pattern, (_ABOVE_ZERO,))
]
Factor = Annotated[
    str, AfterValidator(_factor), Text(MAX_QUANTITY, quantity.STRICT.pattern, (_AT_LEAST_ONE,))
]
Defaultable = Annotated[str, AfterValidator(_defaultable), Text(_MAX_NAME, rules=(_INVENTED,))]
ResourceName = Annotated[str, AfterValidator(_resource_name), Text(_MAX_KEY, _KEY, (_PREFIX,))]
OwnerKind = Annotated[str, _LONG, AfterValidator(_owner_kind), Text(_MAX_TEXT, rules=(_JOB, _CAPITALS))]
GlobPattern = Annotated[str, _LONG, AfterValidator(_not_empty), Text(_MAX_TEXT, ".+", (_STARS,))]
ImagePattern = Annotated[
    str,
    _LONG,
    AfterValidator(_image_pattern),
    Text(_MAX_TEXT, ".+", (_STARS, _NO_TAG, _NO_EMPTY_PART, _LOWER_CASE)),
]
AnnotationValue = Annotated[str, Field(max_length=1024), Text(1024)]

WITHOUT_NULL = BeforeValidator(_without_null)
Int64 = Annotated[int, Field(strict=True), BeforeValidator(_integral), AfterValidator(_int64)]
Amounts = Annotated[dict[Defaultable, Quantity], Field(max_length=MAX_RESOURCES), WITHOUT_NULL]
Bounds = Annotated[dict[ResourceName, Quantity], Field(max_length=MAX_RESOURCES), WITHOUT_NULL]
Factors = Annotated[dict[Defaultable, Factor], Field(max_length=MAX_RESOURCES), WITHOUT_NULL]
Ratios = Annotated[dict[ResourceName, Factor], Field(max_length=MAX_RESOURCES), WITHOUT_NULL]
Labels = Annotated[dict[LabelKey, LabelValue], Field(max_length=MAX_ENTRIES), WITHOUT_NULL]
Annotations = Annotated[dict[LabelKey, AnnotationValue], Field(max_length=MAX_ENTRIES), WITHOUT_NULL]
ResizePolicy = Annotated[
    dict[Literal["cpu", "memory"], Literal["NotRequired", "RestartContainer"]], WITHOUT_NULL
]
