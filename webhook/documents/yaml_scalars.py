"""What a YAML scalar means to kubectl: `resolve.go` in go.yaml.in/yaml/v2, a Go dialect of YAML 1.1.

`yes` and `Off` are booleans, `0400` is 256, dates are text, and `1.10` as a key is "1.1".
"""

from __future__ import annotations

import base64
import binascii
import math
import re
import struct

_PREFIX = "tag:yaml.org,2002:"
TEXT = f"{_PREFIX}str"
MERGE = f"{_PREFIX}merge"
_BINARY = f"{_PREFIX}binary"
# The types that a tag requires; every other tag means text.
_TYPES: dict[str, tuple[type, ...]] = {
    f"{_PREFIX}int": (int,),
    f"{_PREFIX}float": (int, float),
    f"{_PREFIX}bool": (bool,),
    f"{_PREFIX}null": (type(None),),
}

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"})
_FALSE = frozenset({"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"})
_INTEGER = re.compile(r"([-+]?)(?:0b([01]+)|0o?([0-7]+)|0[xX]([0-9a-fA-F]+)|(0|[1-9][0-9]*))", re.ASCII)
_MAX_DIGITS = 67  # 64 bits in binary, with sign and prefix
_MAX_SINGLE = (2 - 2**-23) * 2.0**127
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)


def resolve(text: str, tag: str = "") -> str | float | bool | None:
    """The value of a scalar. Without a tag it is plain: its text decides the type.

    Raises ValueError if the text is not of the tag's type.
    """
    if tag == _BINARY:
        try:
            return base64.b64decode("".join(text.split()), validate=True).decode(errors="replace")
        except binascii.Error:
            raise ValueError(f"{text!r} is not !!binary") from None
    if tag and tag not in _TYPES:
        return text
    value = _plain_value(text)
    if tag and type(value) not in _TYPES[tag]:
        raise ValueError(f"{text!r} is not !!{tag.removeprefix(_PREFIX)}")
    return value


def _plain_value(text: str) -> str | float | bool | None:
    if text in _NULLS:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    digits = text.replace("_", "")
    integer = _INTEGER.fullmatch(digits) if len(digits) <= _MAX_DIGITS else None
    if integer:
        sign, binary, octal, hexadecimal, decimal = integer.groups()
        base = next(
            (
                int(group, base)
                for group, base in ((binary, 2), (octal, 8), (hexadecimal, 16), (decimal, 10))
                if group
            ),
            0,
        )
        if base < 2**64:
            return -base if sign == "-" else base
    # As in Go, an integer of more than 64 bits is a float, and a number that no float can hold is text.
    if _FLOAT.fullmatch(digits) and math.isfinite(float(digits)):
        return float(digits)
    return text


def key_name(value: str | float | bool | None) -> str:
    """The field name of a key with this value, as sigs.k8s.io/yaml converts it. Null raises ValueError."""
    if value is None:
        raise ValueError("a key must be a string")
    if isinstance(value, bool):
        return str(value).lower()
    return _float_key(value) if isinstance(value, float) else str(value)


def _float_key(value: float) -> str:
    """`strconv.FormatFloat(value, 'g', -1, 32)`: the fewest digits that give the same 32-bit float."""
    if abs(value) > _MAX_SINGLE:
        return "-.inf" if value < 0 else ".inf"
    single = struct.pack("f", value)
    exact = struct.unpack("f", single)[0]
    shortest = next(
        text for digits in range(9) if struct.pack("f", float(text := f"{exact:.{digits}e}")) == single
    )
    mantissa, _, exponent = shortest.partition("e")
    if not -5 < int(exponent) < 6:  # noqa: PLR2004 (Go writes an exponent beyond these)
        return shortest
    decimals = len(mantissa.lstrip("-").replace(".", "")) - 1 - int(exponent)
    return f"{exact:.{max(0, decimals)}f}"
