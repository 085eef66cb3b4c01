"""Quantities. That they are read as the API server reads them is asked of a real one, end to end."""

from __future__ import annotations

import pytest

from webhook.model.quantity import MAX_MILLI, is_strict, parse, read, scaled


@pytest.mark.parametrize(
    ("text", "milli"),
    [
        ("0", 0),
        ("100m", 100),
        ("1500u", 2),
        ("1n", 1),
        ("0.5Gi", 536_870_912_000),
        ("1e3", 1_000_000),
        ("1E", 10**21),
        ("1E3", 1_000_000),
        ("2Ki", 2_048_000),
        ("-1", -1000),
        ("8Ei", MAX_MILLI),
        ("1e19", 10**22),
        ("1e400", 10**403),
        ("9" * 64, int("9" * 64) * 1000),
        ("0." + "0" * 61 + "1", 1),
        ("1e-400", 1),
    ],
)
def test_amount(text: str, milli: int) -> None:
    quantity = parse(text)
    assert quantity is not None
    assert quantity.milli == milli


@pytest.mark.parametrize(
    "text", ["", " ", "0" * 65, "1gi", "1KI", "0x1", "1 Gi", "1e", "1e1.5", "NaN", "1__0", "\u0661"]
)
def test_what_is_none(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(("raw", "milli"), [(2, 2000), (0.5, 500), (1e21, 10**24), (None, 0), ("1", 1000)])
def test_plain_yaml_numbers(raw: str | float | None, milli: int) -> None:
    quantity = read(raw)
    assert quantity is not None
    assert quantity.milli == milli


def test_equal_by_amount() -> None:
    assert parse("1Gi") == parse("1024Mi")
    assert hash(parse("1Gi")) == hash(parse("1024Mi"))
    assert parse("1Gi") != parse("1G")


@pytest.mark.parametrize(
    ("text", "strict"),
    [("0.5", True), (".5", True), ("12.", True), (".", False), ("+", False), ("m", False), (" 1", False)],
)
def test_policies_write_the_documented_grammar(text: str, strict: bool) -> None:
    assert is_strict(text) is strict


@pytest.mark.parametrize(
    ("text", "times", "resource", "written"),
    [
        ("8Gi", 2000, "memory", "16Gi"),
        ("1536Mi", 2000, "memory", "3Gi"),
        ("1500M", 2000, "memory", "3G"),
        ("7", 1500, "memory", "11"),
        ("333m", 1500, "cpu", "500m"),
        ("2", 1500, "cpu", "3"),
        ("1n", 1000, "memory", "1"),
    ],
)
def test_scaled_is_rounded_up_and_written_short(text: str, times: int, resource: str, written: str) -> None:
    quantity = parse(text)
    assert quantity is not None
    assert str(scaled(quantity, times, resource)) == written


def test_scaled_past_what_a_quantity_holds_is_none() -> None:
    quantity = parse("8Ei")
    assert quantity is not None
    assert scaled(quantity, 1001, "memory") is None
