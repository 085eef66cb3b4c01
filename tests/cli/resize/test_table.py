"""What is said below the table of a plan, and what programs read of it."""

from __future__ import annotations

import msgspec
import pytest
from msgspec import structs

from tests.resize.owners import owner
from tests.resize.pods import facts, running, sizes, using
from webhook.cli.resize.table import as_data, show_plan
from webhook.model.notice import Notice
from webhook.resize.owners import read_owner
from webhook.resize.plan import Plan, sized


@pytest.mark.parametrize("has_cache", [True, False])
@pytest.mark.parametrize("columns", ["200", "50"])
def test_the_star_is_explained_where_it_is(
    columns: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *, has_cache: bool
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    plan = Plan(pods=(sized(running(), {"app": sizes(cpu="200m")}),))
    known = facts(usage=using(2**20, has_cache=has_cache))
    show_plan(read_owner("Deployment", msgspec.json.encode(owner("Deployment"))), plan, known, wide=False)
    printed = capsys.readouterr().out
    is_starred = has_cache and columns == "200"
    assert ("USES NOW" in printed) == (columns == "200")
    assert ("* with page cache, which is what a kubelet compares" in printed) == is_starred


def test_refusals_of_a_pod_are_its_result_and_not_those_of_the_workload() -> None:
    refused = structs.replace(
        sized(running(), {"app": sizes(cpu="64")}), refusals=(Notice("node-too-small", "never"),)
    )
    data = as_data(
        read_owner("Deployment", msgspec.json.encode(owner("Deployment"))), Plan(pods=(refused,)), [], {}
    )
    assert data["refusals"] == []
    said = data["pods"][0]
    assert (said["result"], said["reason"], said["message"]) == ("refused", "node-too-small", "never")
