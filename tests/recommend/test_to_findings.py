"""Recommendations as findings of the audit."""

from __future__ import annotations

import pytest

from tests.recommend.weeks import BEGIN, DAY, container, measured, owner, week
from webhook.audit.findings import Finding
from webhook.model.notice import Notice
from webhook.recommend.owner import OwnerState
from webhook.recommend.recommend import recommend
from webhook.recommend.rules import Rules
from webhook.recommend.to_findings import findings, unsure
from webhook.usage.measured import Measured, NamespaceUsage

RULES = Rules(max_shrink=1000)
USAGE = week(measured("200m", "300m", "400Mi"))


def _found(usage: NamespaceUsage, state: OwnerState) -> list[tuple[Finding, str, str | None, str]]:
    items = findings(recommend(usage, state, RULES))
    return [(each.finding, each.field, each.before, each.after) for each in items]


@pytest.mark.parametrize(
    ("usage", "state"),
    [
        pytest.param(USAGE, owner(container(("230m",), ("464Mi",))), id="what is needed"),
        pytest.param(USAGE, owner(container(("250m",), ("480Mi",))), id="nearly what is needed"),
        pytest.param(week(), owner(), id="nothing measured"),
        pytest.param(week(measured(first=BEGIN + 6 * DAY)), owner(), id="too few days to take something off"),
        pytest.param(week(measured(), problems=(Notice("partial-usage", "a store is down"),)), owner(), id="half an answer"),
        pytest.param(USAGE, owner(container(("230m",), ("464Mi",), runtime="JVM")), id="a limit that is not set"),
    ],
)  # fmt: skip
def test_finds_nothing_in(usage: NamespaceUsage, state: OwnerState) -> None:
    assert _found(usage, state) == []


@pytest.mark.parametrize(
    ("state", "found"),
    [
        pytest.param(owner(container(("2",), ("464Mi",))), [(Finding.OVERSIZED, "app:requests.cpu", "2", "230m")], id="all of what is too much, not half"),
        pytest.param(owner(container(("230m",), ("100Mi",))), [(Finding.UNDERSIZED, "app:requests.memory", "100Mi", "464Mi")], id="a request that is too small"),
        pytest.param(owner(container(("230m",), (None,))), [(Finding.UNDERSIZED, "app:requests.memory", None, "464Mi")], id="a request that is missing"),
        pytest.param(owner(container(("230m", "250m"), ("464Mi",))), [(Finding.UNDERSIZED, "app:limits.cpu", "250m", "360m")], id="a limit that is too small"),
    ],
)  # fmt: skip
def test_finds(state: OwnerState, found: list[tuple[Finding, str, str | None, str]]) -> None:
    assert _found(USAGE, state) == found


def test_has_the_reason() -> None:
    (item,) = findings(recommend(USAGE, owner(container(("2",), ("464Mi",))), RULES))
    assert item.why == "P95 200m of web-a, and 15 %"


@pytest.mark.parametrize(
    ("pods", "line"),
    [
        pytest.param([measured()], "", id="all is known"),
        pytest.param([], "not judged by usage: 2 containers not-measured (Deployment shop/web app: nothing was measured, …)", id="nothing is"),
        pytest.param([measured(first=BEGIN + 6 * DAY)], "not judged by usage: 1 container raises-only (Deployment shop/web app: 1.0 days of usage only raise, less takes 3; measured 200m)", id="too few days"),
    ],
)  # fmt: skip
def test_says_in_one_line_what_it_does_not_know(pods: list[Measured], line: str) -> None:
    containers = [container()] if pods else [container(), container(name="proxy")]
    assert unsure(recommend(week(*pods), owner(*containers), RULES)) == line
