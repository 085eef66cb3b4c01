"""The text of a policy's amount that is safe in CEL, and that the API server stores as it would the original.

Source: `ParseQuantity`, `RoundUp` and `CanonicalizeBytes` in k8s.io/apimachinery
`pkg/api/resource/quantity.go`.
"""

from __future__ import annotations

from webhook.model.quantity import MAX_MILLI, STRICT, Quantity

_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_KI = 1024
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
# How many digits the API server reads without arbitrary precision.
_DECIMAL_DIGITS, _BINARY_DIGITS = 18, 14
_MILLI = -3


def as_stored(amount: Quantity) -> str:
    """The text itself where the API server keeps it, else the canonical form.

    CEL compares `1500u` exactly, where the API server and the engine round it up to `2m`; and both forms have
    a power of 1000 or 1024, which keeps `product` simple. Amounts that no Node has stay as they are: the API
    server's own releases differ in their canonical form.
    """
    if amount.milli > MAX_MILLI or _is_kept(amount.text):
        return amount.text
    return _canonical(amount)


def _is_kept(text: str) -> bool:
    number, suffix = _split(text)
    whole, _, fraction = number.partition(".")
    digits = (whole.lstrip("0") or "0") + fraction
    if suffix in _BINARY:
        power = _BINARY[suffix]
        # The API server counts three digits for ten binary ones.
        is_short = not fraction and len(digits) + power * 3 <= _BINARY_DIGITS
        return is_short and int(digits) % 8 != 0
    scale = _exponent(suffix) - len(fraction)
    is_short = len(digits) <= _DECIMAL_DIGITS and scale >= _MILLI
    return is_short and scale % 3 == 0 and not digits.endswith("000") and not digits.startswith("0")


def _canonical(amount: Quantity) -> str:
    suffix = _split(amount.text)[1]
    units, rest = divmod(amount.milli, 1000)
    if suffix in _BINARY and not rest and units >= _KI:
        count, power = _without_factors(units, _KI)
        return f"{count}{['', *_BINARY][power]}"
    count, power = _without_factors(amount.milli, 1000)
    exponent = power * 3 + _MILLI
    if suffix in _BINARY or suffix in _DECIMAL:
        return str(count) + next(name for name, each in _DECIMAL.items() if each == exponent)
    return f"{count}e{exponent}" if exponent else str(count)


def _without_factors(number: int, factor: int) -> tuple[int, int]:
    """What remains of it, and how many of these factors it has."""
    power = 0
    while number % factor == 0:
        number, power = number // factor, power + 1
    return number, power


def _split(text: str) -> tuple[str, str]:
    match = STRICT.fullmatch(text)
    assert match, f"policies have no such amount: {text}"
    suffix = match[3] if match[3] is not None else ""
    return text.removesuffix(suffix).lstrip("+"), suffix


def _exponent(suffix: str) -> int:
    return _DECIMAL[suffix] if suffix in _DECIMAL else int(suffix[1:])
