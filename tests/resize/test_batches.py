"""Which Pods are resized together."""

from __future__ import annotations

import pytest

from tests.resize.pods import RESTARTS, SIZED, named, planned
from webhook.resize.batches import next_batch
from webhook.resize.facts import Allowed


@pytest.mark.parametrize(
    ("pods", "canary", "batch", "expected"),
    [
        pytest.param("", 1, 1, "", id="none"),
        pytest.param("a1", 1, 5, "a", id="one"),
        pytest.param("a1 b2 c3 d4 e5 f6", 1, 2, "a bc de f", id="a canary, then two at a time"),
        pytest.param("a1 b2 c3 d4", 2, 5, "ab cd", id="two canaries, then all"),
        pytest.param("a1 b2", 5, 1, "ab", id="more canaries than Pods"),
        pytest.param("a1 b1 c1", 1, 5, "a b c", id="never two of one Node"),
        pytest.param("a1 b1 c2 d2 e3", 2, 5, "ac bde", id="the next of another Node instead"),
        pytest.param("A1 B2 C3", 1, 5, "A B C", id="one that restarts after the other"),
        pytest.param("a1 B2 c3 D4", 1, 5, "a B c D", id="one that restarts alone"),
        pytest.param("a1 b2 C3 d4 e5", 1, 5, "a bde C", id="others do not wait for it"),
    ],
)
def test_batches(pods: str, canary: int, batch: int, expected: str) -> None:
    """`a1` is a Pod `a` on Node `1`; capitals restart. In `expected` the Pods of a batch stand together."""
    made = [
        named(each[0].lower(), each[1], container=f"{SIZED}\n{RESTARTS if each[0].isupper() else ''}")
        for each in pods.split()
    ]
    due = list(planned(*made, memory="200Mi", allowed=Allowed(restart=True)).due)
    assert len(due) == len(made)
    names, size = [], canary
    while due:
        chosen, size = next_batch(due, size), batch
        names.append("".join(each.pod.name.upper() if each.restarts else each.pod.name for each in chosen))
        due = [each for each in due if each not in chosen]
    assert " ".join(names) == expected
