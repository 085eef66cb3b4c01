"""An amount times a factor, to the last digit: `webhook.model.quantity.scaled` in CEL.

CEL can compare quantities, but neither multiply nor print them. So amounts are taken apart as texts, into
units and thousandths of a unit, each an int64.
"""

from __future__ import annotations

from typing import Protocol, TypeVar

from msgspec import Struct

from webhook.export.cel import values as cel
from webhook.export.cel.values import Bool, Int, List, Quantity, Text, Value
from webhook.model.quantity import MAX_MILLI

MAX_FACTOR_MILLI = 10**12
"""A thousand million times. No product below overflows with it: 999,999 x 10^12 fits an int64."""
_MAX = cel.quantity(str(MAX_MILLI // 1000))
_BINARY = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50, "Ei": 2**60}
_EXPONENTS = {"": 0, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_SHORTEST_FIRST = (
    *reversed(_BINARY.items()),
    *(("E", 10**18), ("P", 10**15), ("T", 10**12), ("G", 10**9), ("M", 10**6)),
)


V = TypeVar("V", bound=Value)


class Let(Protocol):
    """Makes a variable."""

    def __call__(self, what: str, value: V) -> V: ...


class Amounts(Struct, frozen=True):
    """Amounts taken apart, one for each container; zero for those that are missing, or too large."""

    units: List[Int]
    thousandths: List[Int]

    def product(self, index: Int, factor_milli: Int, resource: str) -> Text:
        """Rounded up: CPU to thousandths, everything else to whole units."""
        units, thousandths = self.units[index], self.thousandths[index]
        # What a division by 1000 leaves is multiplied apart, so that nothing overflows on the way.
        thousands, rest = units // 1000 * factor_milli, units % 1000
        if resource == "cpu":
            small = rest * factor_milli + (thousandths * factor_milli + 999) // 1000
            return cel.let(small, lambda milli: _text_of(thousands + milli // 1000, milli % 1000))
        small = ((rest * 1000 + thousandths) * factor_milli + 999_999) // 1_000_000
        return cel.let(thousands + small, _text_of_units)


def fits(amount: Quantity, factor_milli: int) -> Bool:
    """Whether the amount is above zero, and a Pod can have its product."""
    most = MAX_MILLI * 1000 // factor_milli
    return amount.is_greater(cel.ZERO) & (amount.compare(cel.quantity(f"{most}m")) <= 0)


def amounts_of(let: Let, texts: List[Text], quantities: List[Quantity]) -> Amounts:
    """`let` makes a variable; the quantity of a missing amount is 0.

    The API server keeps what is written (`+5`, `1.250`, `1E3`, `3.Gi`) if that is as good as the canonical
    form: then the last digit stands for a power of 1000, and not less than a thousandth, or of 1024 with
    a suffix such as `Ki`. Source: `ParseQuantity` in k8s.io/apimachinery `pkg/api/resource/quantity.go`.
    """
    is_readable = let(
        "requestsReadable",
        quantities.map(lambda amount: amount.is_greater(cel.ZERO) & (amount.compare(_MAX) <= 0)),
    )
    numbers = let("requestsNumber", texts.map(lambda amount: amount.find("[0-9.]+")))
    suffixes = let("requestsSuffix", texts.map(lambda amount: amount.find("[A-Za-z].*")))
    exponents = let(
        "requestsExponent",
        suffixes.each(lambda index, suffix: _exponent(suffix) - _decimals(numbers[index])),
    )
    # With at least three digits for thousandths at the end.
    padded = let(
        "requestsPadded",
        numbers.each(
            lambda index, number: (
                cel.text("000")
                + number.replace(".", "")
                + cel.when(exponents[index] < 0, cel.text(""), cel.text("000"))
            )
        ),
    )

    def units(index: Int, number: Text) -> Int:
        count = number.substring(0, number.size() - 3).as_int()
        return cel.when(is_readable[index], count * _unit(suffixes[index], exponents[index]), cel.integer(0))

    def thousandths(index: Int, number: Text) -> Int:
        count = number.substring(number.size() - 3).as_int()
        return cel.when(is_readable[index], count, cel.integer(0))

    return Amounts(
        units=let("requestsUnits", padded.each(units)),
        thousandths=let("requestsThousandths", padded.each(thousandths)),
    )


def _exponent(suffix: Text) -> Int:
    """Of 10; 0 for suffixes that mean a power of 1024."""
    known = cel.map_of({name: cel.integer(each) for name, each in _EXPONENTS.items()}, Int)
    written = cel.when(known.has_key(suffix), known[suffix], suffix.substring(1).as_int())
    return cel.when(suffix.ends_with("i"), cel.integer(0), written)


def _decimals(number: Text) -> Int:
    """How many digits follow the point."""
    return cel.when(number.contains("."), number.size() - number.index_of(".") - 1, cel.integer(0))


def _unit(suffix: Text, exponent: Int) -> Int:
    """What the number counts, in whole units; 1 if it counts thousandths."""
    binary = cel.map_of({name: cel.integer(each) for name, each in _BINARY.items()}, Int)
    decimal = cel.integers(1000**power for power in range(7))
    of_exponent = cel.when(exponent < 0, cel.integer(1), decimal[exponent // 3])
    return cel.when(binary.has_key(suffix), binary[suffix], of_exponent)


def _text_of(units: Int, thousandths: Int) -> Text:
    """In the shortest usual notation, as `Quantity` of a computed amount: `1500m`, `2`, `4G`."""
    digits = cel.text("00") + thousandths.as_text()
    last = cel.let(digits, lambda padded: padded.substring(padded.size() - 3))
    milli = cel.when(units == 0, thousandths.as_text(), units.as_text() + last) + "m"
    return cel.when(thousandths == 0, cel.let(units, _text_of_units), milli)


def _text_of_units(units: Int) -> Text:
    """More than nothing."""
    shortest = units.as_text()
    for suffix, unit in reversed(_SHORTEST_FIRST):
        shortest = cel.when(units % unit == 0, (units // unit).as_text() + suffix, shortest)
    return shortest
