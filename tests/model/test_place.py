"""Places in words, and for programs."""

from __future__ import annotations

import pytest

from webhook.model.place import Place


@pytest.mark.parametrize(
    ("place", "words", "fields"),
    [
        pytest.param(Place("a.yaml", 3, 5), "a.yaml:3:5", {"file": "a.yaml", "line": 3, "column": 5}, id="in a file"),
        pytest.param(Place("a.yaml"), "a.yaml", {"file": "a.yaml"}, id="a whole file"),
        pytest.param(Place("deploy", object="Deployment web"), "deploy: Deployment web", {"file": "deploy"}, id="in a rendered object"),
    ],
)  # fmt: skip
def test_a_place_says_what_is_known(place: Place, words: str, fields: dict[str, object]) -> None:
    assert str(place) == words
    assert place.fields == fields
