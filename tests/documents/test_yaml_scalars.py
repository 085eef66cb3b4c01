"""Scalars mean what they mean to kubectl."""

from __future__ import annotations

import pytest

from webhook.documents import yaml_scalars, yaml_tree


@pytest.mark.parametrize(
    ("value", "name"),
    [(1.1, "1.1"), (1.0, "1"), (-0.0, "-0"), (0.3, "0.3"), (123456.0, "123456"), (1234567.0, "1.234567e+06"), (123456789.5, "1.2345679e+08"), (1e-4, "0.0001"), (1e-5, "1e-05"), (1e300, ".inf"), (True, "true"), (7, "7")],
)  # fmt: skip
def test_keys_are_named_as_kubectl_names_them(value: float, name: str) -> None:
    assert yaml_scalars.key_name(value) == name


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", True), ("Off", False), ("y", True), ("~", None), ("", None), ("0400", 256), ("0o17", 15), ("0x1F", 31),
        ("0b11", 3), ("1_000", 1000), ("-7", -7), ("0", 0), ("00", 0), ("08", 8.0), ("1e3", 1000.0), (".5", 0.5), ("+1.", 1.0),
        ("2026-01-02", "2026-01-02"), ("1:30", "1:30"), ("80:80", "80:80"), ("100m", "100m"), ("0.5Gi", "0.5Gi"),
        ("'yes'", "yes"), ('"0400"', "0400"), ("!!str 3", "3"), ("! 3", "3"), ("0123e45", 1.23e47), ("18446744073709551615", 2**64 - 1), ("18446744073709551616", 2.0**64), ("9" * 5000, "9" * 5000), ("1e999", "1e999"), (".", "."), ("-", [None]), ("=", "="),
    ],
)  # fmt: skip
def test_scalars_mean_what_they_mean_to_kubectl(text: str, value: object) -> None:
    assert yaml_tree.load(f"{text}\n" if text == "-" else f"a: {text}\n") == (
        value if text == "-" else {"a": value}
    )
