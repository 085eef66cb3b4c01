"""What the caller may not read is noted, so that it is not mistaken for missing."""

from __future__ import annotations

import pytest

from webhook.cluster.part import WHOLE_CLUSTER, ClusterPart
from webhook.errors import ClusterError


def _refuse(status: int) -> None:
    raise ClusterError("quotas", status)


def test_what_is_forbidden_is_noted() -> None:
    unreadable: list[str] = []
    with ClusterPart(unreadable=unreadable).note_if_forbidden("quotas", "none are taken into account"):
        _refuse(403)
    assert unreadable == ["you may not read quotas: none are taken into account"]


@pytest.mark.parametrize(
    ("part", "status"),
    [
        pytest.param(WHOLE_CLUSTER, 403, id="no list of notes"),
        pytest.param(ClusterPart(unreadable=[]), 500, id="another error"),
        pytest.param(ClusterPart(unreadable=[]), 0, id="no response"),
    ],
)
def test_other_errors_are_raised(part: ClusterPart, status: int) -> None:
    with pytest.raises(ClusterError), part.note_if_forbidden("quotas", ""):
        _refuse(status)
    assert not part.unreadable
