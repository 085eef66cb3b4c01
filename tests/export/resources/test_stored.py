from __future__ import annotations

import pytest

from webhook.export.resources.stored import as_stored
from webhook.model import quantity

# What kube-apiserver 1.37 stores of a Pod's request.
KEPT = (
    *("1", "100m", "1500m", "+5", "1.250", "1E3", "1e+3", "3.Gi", "003Mi", "7Ki", "100k", "2G", "1.001"),
    *("9007199254740993m", "33e3", "1234567890123456789"),
)
REWRITTEN = {
    "0.5Gi": "512Mi",
    "0.3Ki": "307200m",
    "1500u": "2m",
    "1n": "1m",
    "0.5": "500m",
    "1000": "1k",
    "1000m": "1",
    "1e1": "10",
    "12e-1": "1200e-3",
    "15e-1": "1500e-3",
    "1e4": "10e3",
    "8Ki": "8Ki",
    "1024Mi": "1Gi",
    "0001000": "1k",
    "100Ti": "100Ti",
    "17E6": "17E6",
    "1.0001": "1001m",
    "2.50": "2500m",
    "8Ei": "9223372036854775807",
}


def _stored(text: str) -> str:
    amount = quantity.parse(text)
    assert amount
    return as_stored(amount)


@pytest.mark.parametrize("text", KEPT)
def test_leaves_what_the_api_server_keeps(text: str) -> None:
    assert _stored(text) == text


@pytest.mark.parametrize("text", REWRITTEN)
def test_changes_others_to_the_canonical_form(text: str) -> None:
    assert _stored(text) == REWRITTEN[text]


def test_leaves_amounts_that_no_node_has() -> None:
    assert _stored("1e30") == "1e30"


@pytest.mark.parametrize("text", [*KEPT, *REWRITTEN])
def test_amount_stays_the_same(text: str) -> None:
    assert quantity.parse(_stored(text)) == quantity.parse(text)
