"""The scalars of a policy, each defined twice: as a validator for files and as a schema for custom resources.

The two stand together so that they stay the same. Syntax of labels and names is that of k8s.io/apimachinery
`pkg/util/validation/validation.go`.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

from msgspec import Struct
from pydantic import AfterValidator, BeforeValidator, Field

from webhook.model import quantity
from webhook.model.images import pattern_problem
from webhook.policies.policy_kinds import Rule


class Text(Struct, frozen=True):
    """How the API server validates a string."""

    max_length: int
    """In characters. CEL estimates the cost of a rule from it; without it no rule fits the budget."""
    pattern: str = ""
    rules: tuple[Rule, ...] = ()


# These bounds keep the CEL rules of a policy within the API server's cost budget.
MAX_ENTRIES, MAX_VALUES, MAX_RESOURCES, MAX_QUANTITY = 32, 64, 16, 32
_MAX_SUBDOMAIN, _MAX_NAME, _MAX_TEXT = 253, 63, 256
_MAX_KEY = _MAX_SUBDOMAIN + 1 + _MAX_NAME

_SUBDOMAIN = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_NAME = r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?"
_SHORT_NAME = r"([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]"
_MAX_STARS = 8
_OWNER_KINDS = ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "Pod", "ReplicationController")
_DEFAULTABLE = ("cpu", "memory", "ephemeral-storage")
_ARCHITECTURE = "[a-z0-9]+"
# As uname(1) names them, not image indexes.
_ARCHITECTURES = {"aarch64": "arm64", "x86_64": "amd64"}
_RESOURCE, _QUOTA = r"([-a-z0-9.*]+/)?[-A-Za-z0-9_.*]+", "requests."
_EXTENDED = "write the full name of an extended resource, such as nvidia.com/gpu, or hugepages-2Mi"


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
        raise ValueError(f"{value} must be at least 1: a limit cannot be below its request")
    return value


_QUANTILE, _MARGIN, _WINDOW = r"0\.[5-9][0-9]{0,2}", r"[1-9](\.[0-9]{1,3})?", r"[1-9][0-9]?d"


def _quantile(value: str) -> str:
    if not re.fullmatch(_QUANTILE, value):
        raise ValueError(f"{value!r} is not a quantile from 0.5 to 0.999, such as 0.95")
    return value


def _margin(value: str) -> str:
    if not re.fullmatch(_MARGIN, value):
        raise ValueError(f"{value!r} is not a factor from 1 to 9.999, such as 1.15 for 15 % more")
    return value


def _window(value: str) -> str:
    if not re.fullmatch(_WINDOW, value):
        raise ValueError(f"{value!r} is not a number of days from 1d to 99d, such as 14d")
    return value


def _defaultable(value: str) -> str:
    if value not in _DEFAULTABLE:
        raise ValueError(f"{value} has no default: only {', '.join(_DEFAULTABLE)} have one")
    return value


def _resource_name(value: str) -> str:
    if not _qualified(value):
        raise ValueError(f"{value!r} is not the name of a resource, such as cpu or nvidia.com/gpu")
    return value


def _resource_pattern(value: str) -> str:
    if value in _DEFAULTABLE:
        raise ValueError(f"policies set {value} themselves, so none can match by it: {_EXTENDED}")
    if value.startswith(_QUOTA):
        raise ValueError(f"{value!r} is a name in quotas: write {value.removeprefix(_QUOTA)}")
    if not re.fullmatch(_RESOURCE, _glob_pattern(value)) or not _extended(value):
        raise ValueError(f"no container can request {value!r}: {_EXTENDED}")
    return value


def _extended(pattern: str) -> bool:
    """Whether it can match an extended resource or huge pages: others have no slash and no such prefix."""
    return "/" in pattern or "*" in pattern or pattern.startswith("hugepages-")


def _platform(value: str) -> str:
    system, _, architecture = value.rpartition("/")
    meant = _ARCHITECTURES.get(architecture, architecture)
    if system not in ("", "linux") or not re.fullmatch(_ARCHITECTURE, meant):
        raise ValueError(f"{value!r} is not a platform, such as linux/arm64")
    if value != f"linux/{meant}":
        raise ValueError(f"{value!r} is not a platform: write linux/{meant}")
    return value


def _owner_kind(value: str) -> str:
    if value == "CronJob":
        raise ValueError("the Pods of a CronJob belong to its Jobs: write Job")
    kinds = {kind.lower(): kind for kind in _OWNER_KINDS}
    meant = kinds.get(value.lower()) or kinds.get(value.lower().removesuffix("s"))
    if meant and meant != value:
        raise ValueError(f"{value!r} is not a kind: write {meant}")
    return value


def _without_null(value: object) -> object:
    """As the API server drops null from mappings (k8s.io/apiextensions-apiserver, `defaulting/prune.go`)."""
    if not isinstance(value, dict):
        return value
    return {key: inner for key, inner in value.items() if inner is not None}


def _integral(value: object) -> object:
    """1.0 is an integer to the API server, as JSON has one type of number. Larger floats are not exact."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


def _int64(value: int) -> int:
    if not -(2**63) <= value < 2**63:
        raise ValueError(f"{value} is not a 64-bit integer")
    return value


def _glob_pattern(value: str) -> str:
    if not value:
        raise ValueError("an empty pattern matches nothing: write * to match everything")
    if "\n" in value:
        raise ValueError("a pattern must be one line")
    if value.count("*") > _MAX_STARS:
        raise ValueError(f"a pattern may have at most {_MAX_STARS} stars")
    return value


def _image_pattern(value: str) -> str:
    problem = pattern_problem(_glob_pattern(value))
    if problem:
        raise ValueError(f"{value!r} matches no image: {problem}")
    return value


def huge_exponent(value: str) -> str:
    """CEL that is true for a quantity whose exponent has more than two digits.

    The pattern refuses it, but the API server (1.36) runs all rules anyway, and its `quantity()` takes half a
    minute for an exponent of eleven digits. So each rule checks this first.
    """
    return f"{value}.matches('[eE][+-]?[0-9]{{3}}')"


_KEY = rf"({_SUBDOMAIN}/)?{_SHORT_NAME}"
_ABOVE_ZERO = Rule(
    f"{huge_exponent('self')} || quantity(self).isGreaterThan(quantity('0'))", "must be above zero"
)
_AT_LEAST_ONE = Rule(
    f"{huge_exponent('self')} || quantity(self).compareTo(quantity('1')) >= 0",
    "must be at least 1: a limit cannot be below its request",
)
_JOB = Rule("self != 'CronJob'", "the Pods of a CronJob belong to its Jobs: write Job")
_PREFIX = Rule(f"self.indexOf('/') <= {_MAX_SUBDOMAIN}", "a prefix may have at most 253 characters")
_QUOTED = ", ".join(f"'{name}'" for name in _DEFAULTABLE)
_HAS_DEFAULT = Rule(f"self in [{_QUOTED}]", f"only {', '.join(_DEFAULTABLE)} have a default")
_NOT_CAPITALISED = [word for kind in _OWNER_KINDS for word in (kind.lower(), f"{kind.lower()}s")]
_CAPITALS = Rule(
    f"!(self.lowerAscii() in {_NOT_CAPITALISED}) || self in {[*_OWNER_KINDS]}",
    "write a kind in CamelCase, such as StatefulSet",
)
_NO_TAG = Rule(
    "!self.contains('@') && !self.matches(':[^/]*$')", "tags and digests are not compared: remove them"
)
_NO_EMPTY_PART = Rule(
    "!self.startsWith('/') && !self.endsWith('/') && !self.contains('//')",
    "no part of an image name may be empty",
)
_LOWER_CASE = Rule(
    "self.matches('^([^/]+/)?[a-z0-9._*/-]+$')",
    "image names consist of lower case letters, digits, '.', '_' and '-'",
)
_STARS = Rule(f"self.split('*').size() <= {_MAX_STARS + 1}", f"a pattern may have at most {_MAX_STARS} stars")
_IS_EXTENDED = Rule(
    "self.contains('/') || self.contains('*') || self.startsWith('hugepages-')",
    f"policies do not match by cpu, memory and ephemeral-storage, which they set: {_EXTENDED}",
)
_NO_QUOTA = Rule(f"!self.startsWith('{_QUOTA}')", f"a name in quotas: remove {_QUOTA}")
_NO_UNAME = Rule(f"!self.matches('^linux/({'|'.join(_ARCHITECTURES)})$')", "write linux/arm64 or linux/amd64")
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
Quantile = Annotated[str, AfterValidator(_quantile), Text(MAX_QUANTITY, _QUANTILE)]
Margin = Annotated[str, AfterValidator(_margin), Text(MAX_QUANTITY, _MARGIN)]
Days = Annotated[str, AfterValidator(_window), Text(MAX_QUANTITY, _WINDOW)]
Defaultable = Annotated[str, AfterValidator(_defaultable), Text(_MAX_NAME, rules=(_HAS_DEFAULT,))]
ResourceName = Annotated[str, AfterValidator(_resource_name), Text(_MAX_KEY, _KEY, (_PREFIX,))]
OwnerKind = Annotated[str, _LONG, AfterValidator(_owner_kind), Text(_MAX_TEXT, rules=(_JOB, _CAPITALS))]
GlobPattern = Annotated[str, _LONG, AfterValidator(_glob_pattern), Text(_MAX_TEXT, ".+", (_STARS,))]
ImagePattern = Annotated[
    str,
    _LONG,
    AfterValidator(_image_pattern),
    Text(_MAX_TEXT, ".+", (_STARS, _NO_TAG, _NO_EMPTY_PART, _LOWER_CASE)),
]
Platform = Annotated[str, AfterValidator(_platform), Text(_MAX_NAME, f"linux/{_ARCHITECTURE}", (_NO_UNAME,))]
ResourcePattern = Annotated[
    str,
    _LONG,
    AfterValidator(_resource_pattern),
    Text(_MAX_TEXT, _RESOURCE, (_STARS, _IS_EXTENDED, _NO_QUOTA)),
]
AnnotationValue = Annotated[str, Field(max_length=1024), Text(1024)]

DROP_NULLS = BeforeValidator(_without_null)
Int64 = Annotated[int, Field(strict=True), BeforeValidator(_integral), AfterValidator(_int64)]
Amounts = Annotated[dict[Defaultable, Quantity], Field(max_length=MAX_RESOURCES), DROP_NULLS]
Bounds = Annotated[dict[ResourceName, Quantity], Field(max_length=MAX_RESOURCES), DROP_NULLS]
Factors = Annotated[dict[Defaultable, Factor], Field(max_length=MAX_RESOURCES), DROP_NULLS]
Ratios = Annotated[dict[ResourceName, Factor], Field(max_length=MAX_RESOURCES), DROP_NULLS]
Labels = Annotated[dict[LabelKey, LabelValue], Field(max_length=MAX_ENTRIES), DROP_NULLS]
Annotations = Annotated[dict[LabelKey, AnnotationValue], Field(max_length=MAX_ENTRIES), DROP_NULLS]
ResizePolicy = Annotated[
    dict[Literal["cpu", "memory"], Literal["NotRequired", "RestartContainer"]], DROP_NULLS
]
