"""Which policies are exported, and every reason why not."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec import structs

from tests.support.pods import policy
from webhook.export import export as room
from webhook.export.compile import Compiled
from webhook.export.document import Options
from webhook.export.export import Export, Refused, export
from webhook.export.program import TooLarge
from webhook.model.accelerators import Accelerators
from webhook.model.policy import Origin, Policy

SETS = policy("{nodeSelector: {a: b}}", name="sets")
MORE = policy("{priority: 7, nodeSelector: {c: d}}", name="more")
OFF = policy("{mode: 'Off', nodeSelector: {a: b}, resources: {onViolation: Deny}}", name="unused")
AUDITED = policy("{mode: Audit, nodeSelector: {a: b}}", name="audited")
IDLE = policy("{}", name="idle")
MOST = 3
"""Policies that the compiler of these tests can hold."""


@pytest.fixture(autouse=True)
def compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    def compiled(
        policies: Sequence[Policy], accelerators: Accelerators, kubernetes: int | None
    ) -> Compiled | None:
        del accelerators, kubernetes
        if len(policies) > MOST:
            raise TooLarge("patch")
        setting = [each.key for each in policies if each.node_selector]
        return Compiled((), (), str(setting)) if setting else None

    monkeypatch.setattr(room, "compiled", compiled)


def _export(*policies: Policy, is_partial: bool = False) -> Export:
    return export(policies, Accelerators(), Options(), is_partial=is_partial)


def _refused(*policies: Policy, is_partial: bool = False) -> list[tuple[str, str]]:
    with pytest.raises(Refused) as caught:
        _export(*policies, is_partial=is_partial)
    return [(each.policy.key if each.policy else "", each.name) for each in caught.value.reasons]


def _patch(result: Export) -> str:
    return str(result.exported.policy["spec"]["mutations"][0]["jsonPatch"]["expression"])


def test_policies_are_compiled_in_order_of_precedence() -> None:
    built_in = structs.replace(SETS, name="general", origin=Origin.BUILT_IN)
    assert _patch(_export(built_in, SETS, MORE)) == "['more', 'sets', 'general']"


def test_policy_that_is_off_is_left_out_in_silence() -> None:
    result = _export(SETS, OFF)
    assert (_patch(result), result.left_out) == ("['sets']", ())


def test_one_refusal_is_enough_to_export_nothing() -> None:
    assert _refused(SETS, AUDITED) == [("audited", "exports-no-audit")]


def test_partial_leaves_out_what_is_refused() -> None:
    result = _export(SETS, AUDITED, is_partial=True)
    assert _patch(result) == "['sets']"
    assert [each.name for each in result.left_out] == ["exports-no-audit"]


@pytest.mark.parametrize("is_partial", [False, True])
def test_policies_that_set_nothing_are_refused(*, is_partial: bool) -> None:
    assert _refused(IDLE, is_partial=is_partial) == [("", "exports-nothing")]


def test_partial_that_leaves_nothing_says_why() -> None:
    expected = [("audited", "exports-no-audit"), ("", "exports-nothing")]
    assert _refused(AUDITED, is_partial=True) == expected


MANY = [structs.replace(SETS, name=f"p{number}") for number in range(7)]


def test_too_many_policies_are_refused_with_how_many_fit() -> None:
    with pytest.raises(Refused) as caught:
        _export(*MANY)
    (reason,) = caught.value.reasons
    assert reason.name == "exports-too-much"
    assert reason.reason == (
        "7 policies are more than one MutatingAdmissionPolicy can hold: the first 3 in order of precedence fit"
    )


def test_partial_keeps_the_first_that_fit() -> None:
    result = _export(*MANY, is_partial=True)
    assert _patch(result) == "['p0', 'p1', 'p2']"
    assert [each.policy.key for each in result.left_out if each.policy] == ["p3", "p4", "p5", "p6"]
