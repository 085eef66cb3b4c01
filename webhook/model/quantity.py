"""Kubernetes quantities, exact.

Grammar as `ParseQuantity` in k8s.io/apimachinery `pkg/api/resource/quantity.go`, rounding up to milli as
`SetDefaults_ResourceList` in k8s.io/kubernetes `pkg/apis/core/v1/defaults.go`. So one integer, the number of
thousandths, holds every value of an admitted Pod.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_GRAMMAR = re.compile(
    r"([+-]?)([0-9]*)(?:\.([0-9]*))?(Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?[0-9]+|[numkMGTPE]?)", re.ASCII
)
# What a policy may write: the documented grammar, stricter than the parser, which takes "." and "+" as zero.
# At most two digits of exponent: more keep the API server computing for long (`huge_exponent` in scalars.py).
STRICT = re.compile(
    r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?[0-9]{1,2}|[numkMGTPE]?)", re.ASCII
)
# The API server caps quantities with a binary suffix at the largest int64, and only those.
_LARGEST = 2**63 - 1
MAX_MILLI = _LARGEST * 1000
_MAX_POWER = 400  # a larger exponent is more than any Node has, or nothing


@dataclass(frozen=True, slots=True)
class Quantity:
    """An amount: its text, and its number of thousandths, by which it is compared."""

    text: str = field(compare=False)
    milli: int

    def __str__(self) -> str:
        return self.text


# The API server serializes quantities in canonical form, at most half as long: no admitted Pod has longer
# ones, and they are not worth caching.
_MAX_CHARACTERS = 64


def parse(text: str) -> Quantity | None:
    """Parse a quantity as the API server parses it in a Pod; None if it would reject the Pod."""
    return _parsed(text) if len(text) <= _MAX_CHARACTERS else None


@lru_cache(maxsize=4096)
def _parsed(text: str) -> Quantity | None:
    milli = _in_units(text, 3)
    return None if milli is None else Quantity(text, milli)


_NONE: Mapping[str, Quantity] = {}
"""Shared: of thousands of policies most set few of what they could."""


def amounts(written: Mapping[str, str]) -> Mapping[str, Quantity]:
    """Without what is not a quantity."""
    parsed = {resource: parse(text) for resource, text in written.items()}
    return {resource: amount for resource, amount in parsed.items() if amount} or _NONE


def nano(text: str) -> int:
    """A strict quantity as CEL's `quantity()` compares it: to the billionth."""
    return _in_units(text, 9) or 0


def _in_units(text: str, digits: int) -> int | None:
    """The number of `10**-digits`, rounded away from zero; None if it is no quantity."""
    match = _GRAMMAR.fullmatch(text.strip())
    if match is None or not text.strip():
        return None
    sign, whole, fraction, suffix = match.groups(default="")
    power, factor = _DECIMAL.get(suffix, 0), 1024 ** _BINARY.get(suffix, 0)
    if suffix[:1] in ("e", "E") and len(suffix) > 1 and suffix not in _BINARY:
        power = max(-_MAX_POWER, min(_MAX_POWER, int(suffix[1:])))
    magnitude = int(whole + fraction or "0") * factor
    exponent = power + digits - len(fraction)
    count: int = magnitude * 10**exponent if exponent >= 0 else -(-magnitude // 10**-exponent)
    if suffix in _BINARY:
        count = min(count, _LARGEST * 10**digits)
    return -count if sign == "-" else count


def read(raw: str | float | None) -> Quantity | None:
    """Parse a quantity of a manifest, also a plain YAML number, or null, which is zero for the API server."""
    return parse("0" if raw is None else raw if isinstance(raw, str) else str(raw))


def milli(raw: str | float | None) -> int:
    """A manifest's quantity in thousandths; 0 if it is missing, null or no quantity."""
    if not raw:
        return 0
    text = raw if isinstance(raw, str) else str(raw)
    amount = _parsed(text) if len(text) <= _MAX_CHARACTERS else None
    return amount.milli if amount else 0


def is_strict(text: str) -> bool:
    """Whether this is a quantity in the documented grammar, as policies require it."""
    return STRICT.fullmatch(text) is not None


def scaled(quantity: Quantity, times_milli: int, resource: str) -> Quantity | None:
    """`quantity` x `times_milli` / 1000, rounded up; None if it exceeds what a Pod can have."""
    product = exactly(-(-quantity.milli * times_milli // 1000), resource, up=True)
    return product if product.milli <= MAX_MILLI else None


def exactly(milli: int, resource: str, *, up: bool) -> Quantity:
    """A computed amount: CPU rounded to milli, everything else to whole units (bytes)."""
    unit = 1 if resource == "cpu" else 1000
    milli = (-(-milli // unit) if up else milli // unit) * unit
    return of_milli(milli)


def of_milli(milli: int) -> Quantity:
    return Quantity(_canonical(milli), milli)


def _canonical(milli: int) -> str:
    """The shortest usual notation: `1500m`, `16Gi`, `2G`, `7`."""
    if milli % 1000:
        return f"{milli}m"
    units = milli // 1000
    for suffix, power in reversed(_BINARY.items()):
        if units and units % 1024**power == 0:
            return f"{units // 1024**power}{suffix}"
    for suffix in ("E", "P", "T", "G", "M"):
        if units and units % 10 ** _DECIMAL[suffix] == 0:
            return f"{units // 10 ** _DECIMAL[suffix]}{suffix}"
    return str(units)
