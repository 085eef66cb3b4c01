"""The sizes that a user asks for, and what they make of the values of a container.

500m        a request             :2Gi      a limit alone
500m:1      both                  500m:=    a limit that equals the request; `=` alone: of the present request
+20% -10%   of the present value  x1.5      a multiple of it
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from msgspec import Struct, structs

from webhook.model.pod_resources import Side
from webhook.model.quantity import MAX_MILLI, Quantity, exactly, is_strict, of_milli, parse, scaled

_PERCENT = re.compile(r"([+-])(\d{1,4}(?:\.\d)?)%", re.ASCII)
_TIMES = re.compile(r"x(\d{1,4}(?:\.\d{1,3})?)", re.ASCII)
# Multiples of memory are rounded up to whole Mi: nobody wants to read 80530637 in a manifest.
_MI = 2**20 * 1000
GRAMMAR = "REQUEST[:LIMIT], each as 500m or 2Gi, +20%, -10% or x1.5; a LIMIT of = equals the request"


class SizeError(ValueError):
    """A size that cannot be read, or that has no value to start from. The message completes a sentence."""


class Amount(Struct, frozen=True):
    """An amount as a user writes it: a quantity, or a multiple of the present value."""

    quantity: Quantity | None = None
    times_milli: int = 1000

    def of(self, present: Quantity | None, resource: str) -> Quantity:
        """Raises SizeError if there is no present value, or if the result is too large."""
        if self.quantity:
            return self.quantity
        if present is None:
            raise SizeError("has no present value that could be multiplied")
        product = scaled(present, self.times_milli, resource)
        if product is None:
            raise SizeError("would be more than a Pod can have")
        if resource == "memory" and product.milli > _MI:
            return of_milli(-(-product.milli // _MI) * _MI)
        return product


class Size(Struct, frozen=True):
    """What is asked for one resource of a container; None leaves it as it is."""

    request: Amount | None = None
    limit: Amount | None = None
    is_limit_equal: bool = False
    """The limit follows the request, as in `500m:=`."""

    @property
    def sides(self) -> tuple[Side, ...]:
        """Those that it says something about."""
        request: tuple[Side, ...] = ("requests",) if self.request else ()
        return (*request, "limits") if self.limit or self.is_limit_equal else request

    def with_side(self, side: Side, amount: Amount) -> Size:
        return structs.replace(self, **{"limit" if side == "limits" else "request": amount})

    def of(self, present: Mapping[Side, Quantity], resource: str) -> dict[Side, Quantity]:
        """The values asked for, of a container that has the present ones. Raises SizeError."""
        sizes: dict[Side, Quantity] = {}
        if self.request:
            sizes["requests"] = self.request.of(present.get("requests"), resource)
        if self.is_limit_equal:
            request = sizes.get("requests", present.get("requests"))
            if request is None:
                raise SizeError("has no request that the limit could equal")
            sizes["limits"] = request
        elif self.limit:
            sizes["limits"] = self.limit.of(present.get("limits"), resource)
        return sizes


def parse_size(text: str, resource: str) -> Size:
    """Raises SizeError."""
    request, colon, limit = text.partition(":")
    if text == "=":
        return Size(is_limit_equal=True)
    if not request and not limit:
        raise SizeError(f"is empty; write {GRAMMAR}")
    if colon and not limit:
        raise SizeError(f"has no limit after the colon; write {GRAMMAR}")
    return Size(
        request=parse_amount(request, resource) if request else None,
        limit=parse_amount(limit, resource) if limit not in ("", "=") else None,
        is_limit_equal=limit == "=",
    )


def parse_amount(text: str, resource: str) -> Amount:
    """Raises SizeError."""
    if match := _PERCENT.fullmatch(text):
        percent = Decimal(match[2]) * (-1 if match[1] == "-" else 1)
        return _multiple(int(1000 + percent * 10), text)
    if match := _TIMES.fullmatch(text):
        return _multiple(int(Decimal(match[1]) * 1000), text)
    quantity = parse(text) if is_strict(text) and not text.startswith(("+", "-")) else None
    if quantity is None:
        raise SizeError(f"{text!r} is no size; write {GRAMMAR}")
    if quantity.milli > MAX_MILLI:
        raise SizeError(f"{text!r} is no size that a container can have")
    if exactly(quantity.milli, resource, up=True).milli != quantity.milli:
        raise SizeError(f"{text!r} is a fraction of a byte")
    return Amount(quantity)


def _multiple(times_milli: int, text: str) -> Amount:
    if times_milli <= 0:
        raise SizeError(f"{text!r} leaves nothing")
    return Amount(times_milli=times_milli)
