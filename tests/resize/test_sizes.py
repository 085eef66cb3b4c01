"""The sizes after --cpu and --memory."""

from __future__ import annotations

import pytest

from webhook.model.pod_resources import Side
from webhook.model.quantity import Quantity, parse
from webhook.resize.sizes import GRAMMAR, SizeError, parse_size

_NO_SIZE = f"is no size; write {GRAMMAR}"


@pytest.mark.parametrize(
    ("text", "resource", "message"),
    [
        pytest.param("", "cpu", f"is empty; write {GRAMMAR}", id="refuses nothing"),
        pytest.param(":", "cpu", f"is empty; write {GRAMMAR}", id="refuses a colon alone"),
        pytest.param(
            "1:",
            "cpu",
            f"has no limit after the colon; write {GRAMMAR}",
            id="refuses a colon without a limit",
        ),
        pytest.param("much", "cpu", f"'much' {_NO_SIZE}", id="refuses a word"),
        pytest.param("1:2:3", "cpu", f"'2:3' {_NO_SIZE}", id="refuses a second colon"),
        pytest.param(" 1", "cpu", f"' 1' {_NO_SIZE}", id="refuses a space"),
        pytest.param("1 Gi", "memory", f"'1 Gi' {_NO_SIZE}", id="refuses a space before the unit"),
        pytest.param("1GB", "memory", f"'1GB' {_NO_SIZE}", id="refuses a unit that Kubernetes does not know"),
        pytest.param("+1", "cpu", f"'+1' {_NO_SIZE}", id="refuses a sum"),
        pytest.param("-1", "cpu", f"'-1' {_NO_SIZE}", id="refuses a negative size"),
        pytest.param("20%", "cpu", f"'20%' {_NO_SIZE}", id="refuses percent without a sign"),
        pytest.param("+1.25%", "cpu", f"'+1.25%' {_NO_SIZE}", id="refuses a hundredth of a percent"),
        pytest.param("+99999%", "cpu", f"'+99999%' {_NO_SIZE}", id="refuses percent of five digits"),
        pytest.param("1.5x", "cpu", f"'1.5x' {_NO_SIZE}", id="refuses x behind the number"),
        pytest.param("x-1", "cpu", f"'x-1' {_NO_SIZE}", id="refuses a negative multiple"),
        pytest.param("==", "cpu", f"'==' {_NO_SIZE}", id="refuses two equals signs"),
        pytest.param("=:1", "cpu", f"'=' {_NO_SIZE}", id="refuses a request that equals"),
        pytest.param("²", "cpu", f"'²' {_NO_SIZE}", id="refuses digits that are not ASCII"),
        pytest.param("1e999", "cpu", f"'1e999' {_NO_SIZE}", id="refuses an exponent of three digits"),
        pytest.param(
            "1e30", "memory", "'1e30' is no size that a container can have", id="refuses more than an int64"
        ),
        pytest.param("100m", "memory", "'100m' is a fraction of a byte", id="refuses a fraction of a byte"),
        pytest.param("-100%", "cpu", "'-100%' leaves nothing", id="refuses to take all"),
        pytest.param("-120%", "cpu", "'-120%' leaves nothing", id="refuses to take more than all"),
        pytest.param("x0", "cpu", "'x0' leaves nothing", id="refuses no times"),
    ],
)
def test_refuses(text: str, resource: str, message: str) -> None:
    with pytest.raises(SizeError) as raised:
        parse_size(text, resource)
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("text", "resource", "expected"),
    [
        pytest.param("500m", "cpu", {"requests": "500m"}, id="reads a request"),
        pytest.param("0", "cpu", {"requests": "0"}, id="reads a request for nothing"),
        pytest.param(":1", "cpu", {"limits": "1"}, id="reads a limit"),
        pytest.param("0.5:1.5", "cpu", {"requests": "0.5", "limits": "1.5"}, id="reads both"),
        pytest.param("1e1", "cpu", {"requests": "1e1"}, id="reads an exponent"),
        pytest.param("500m:=", "cpu", {"requests": "500m", "limits": "500m"}, id="reads an equal limit"),
        pytest.param("=", "cpu", {"limits": "200m"}, id="reads a limit that equals the present request"),
        pytest.param(":=", "cpu", {"limits": "200m"}, id="reads that after a colon too"),
        pytest.param("+20%", "cpu", {"requests": "240m"}, id="reads a larger request"),
        pytest.param("-10%", "cpu", {"requests": "180m"}, id="reads a smaller request"),
        pytest.param("+0.5%", "cpu", {"requests": "201m"}, id="reads half a percent"),
        pytest.param("+0%", "cpu", {"requests": "200m"}, id="reads no difference"),
        pytest.param("x1.5", "cpu", {"requests": "300m"}, id="reads a multiple"),
        pytest.param("x0.333", "cpu", {"requests": "67m"}, id="rounds CPU up to milli"),
        pytest.param(":x2", "cpu", {"limits": "1"}, id="reads a multiple of the limit"),
        pytest.param(
            "x2:+10%", "cpu", {"requests": "400m", "limits": "550m"}, id="multiplies each side by its own"
        ),
        pytest.param(
            "+100%:=",
            "cpu",
            {"requests": "400m", "limits": "400m"},
            id="equals the request that is asked for",
        ),
        pytest.param("2Gi", "memory", {"requests": "2Gi"}, id="keeps what was written"),
        pytest.param("+10.5%", "memory", {"requests": "111Mi"}, id="rounds memory up to Mi"),
        pytest.param("x0.001", "memory", {"requests": "104858"}, id="rounds less than that up to bytes"),
        pytest.param(":+1.1%", "memory", {"limits": "203Mi"}, id="rounds limits alike"),
    ],
)
def test_makes_of_present_values(text: str, resource: str, expected: dict[Side, str]) -> None:
    present: dict[str, dict[Side, Quantity]] = {
        "cpu": {"requests": _quantity("200m"), "limits": _quantity("500m")},
        "memory": {"requests": _quantity("100Mi"), "limits": _quantity("200Mi")},
    }
    sizes = parse_size(text, resource).of(present[resource], resource)
    assert {side: str(size) for side, size in sizes.items()} == expected


@pytest.mark.parametrize(
    ("text", "present", "message"),
    [
        pytest.param("+20%", {}, "has no present value that could be multiplied", id="needs a request"),
        pytest.param(
            ":x2", {"requests": "1"}, "has no present value that could be multiplied", id="needs a limit"
        ),
        pytest.param(
            "=", {"limits": "1"}, "has no request that the limit could equal", id="needs a request to equal"
        ),
        pytest.param(
            "x9999", {"requests": "1e15"}, "would be more than a Pod can have", id="needs a size that exists"
        ),
    ],
)
def test_needs_present_values(text: str, present: dict[Side, str], message: str) -> None:
    values = {side: _quantity(value) for side, value in present.items()}
    with pytest.raises(SizeError) as raised:
        parse_size(text, "cpu").of(values, "cpu")
    assert str(raised.value) == message


def _quantity(text: str) -> Quantity:
    quantity = parse(text)
    assert quantity
    return quantity
