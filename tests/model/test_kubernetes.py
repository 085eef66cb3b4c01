"""Versions of Kubernetes, as people and distributions write them."""

from __future__ import annotations

import pytest

from webhook.model.kubernetes import parse_minor_version


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("1.33", 33),
        ("v1.37.2", 37),
        ("1.33+", 33),
        ("v1.34.4-gke.1", 34),
        ("v1.36.3+k3s1", 36),
        ("1.100", 100),
    ],
)
def test_minor_version(text: str, minor: int) -> None:
    assert parse_minor_version(text) == minor


@pytest.mark.parametrize(
    "text", ["", "1", "33", "1.", "1.32", "1.9", "1.033", "2.34", "1.x", "1.34 ", "1.34\n", "1.٣٤", "1.3400", "-1.34", "1.34x"]
)  # fmt: skip
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"write a version from 1.33 on, as in 1.37 or v1.37.2"):
        parse_minor_version(text)
