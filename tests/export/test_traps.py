"""What would break an API server, or a Pod, is in no exported policy: whatever its policies are.

That it would break one is shown on a real one, in tests/e2e/export/test_traps.py.
"""

from __future__ import annotations

import json
import re
from functools import cache

import pytest

from tests.e2e.export import random_policies
from tests.e2e.export.random_pods import Lot
from tests.e2e.export.sets import SETS
from tests.support.examples import at_most
from tests.support.pods import Json, policy
from webhook.export.document import Options
from webhook.export.export import Refused, export
from webhook.export.program import MAX_CHARACTERS
from webhook.model.accelerators import Accelerators
from webhook.model.policy import Policy

_RANDOM = at_most(40)
# Of cel-go's parser; the exporter counts more carefully, and stays below.
_MAX_LEVELS = 250
NAMES = [*SETS, *(f"random-{number}" for number in range(_RANDOM))]


def _policies(name: str) -> tuple[Policy, ...]:
    if name in SETS:
        return SETS[name]
    lot = Lot(name)
    return tuple(random_policies.policies(lot, lot.randint(1, 6), "default"))


@cache
def _spec(name: str) -> Json | None:
    """None if they set nothing."""
    try:
        made = export(_policies(name), Accelerators(), Options()).exported
    except Refused as refused:
        if name in SETS or str(refused) != "these policies set nothing":
            raise
        return None
    spec: Json = made.policy["spec"]
    return spec


@pytest.fixture(params=NAMES)
def spec(request: pytest.FixtureRequest) -> Json:
    found = _spec(request.param)
    return found or next(filter(None, map(_spec, NAMES)))


def test_most_random_policies_set_something() -> None:
    assert sum(_spec(name) is not None for name in NAMES) > _RANDOM / 2


def _expressions(spec: Json) -> dict[str, str]:
    variables = {each["name"]: each["expression"] for each in spec["variables"]}
    (mutation,) = spec["mutations"]
    return {**variables, "": mutation["jsonPatch"]["expression"]}


def _used(expression: str) -> set[str]:
    """Variables, wherever they are not within a text."""
    return set(re.findall(r"\bvariables\.(\w+)", _without_texts(expression)))


def _without_texts(expression: str) -> str:
    return re.sub(r"'(?:[^'\\]|\\.)*'", "''", expression)


def test_every_variable_has_a_name_of_its_own_and_uses_earlier_ones(spec: Json) -> None:
    """Two of one name end the API server: the first Pod is a stack overflow."""
    known: list[str] = []
    for each in spec["variables"]:
        assert each["name"] not in known
        assert _used(each["expression"]) <= {*known}
        known.append(each["name"])
    used = set().union(*map(_used, _expressions(spec).values()))
    assert used == {*known}, "none is for nothing"


def test_texts_hold_nothing_that_ends_them(spec: Json) -> None:
    for each in _expressions(spec).values():
        assert each.isascii()
        assert each.isprintable()
        assert "'" not in _without_texts(each).replace("''", "")


def test_one_mutation_of_json_patch(spec: Json) -> None:
    """Several policies would run in random order, and an ApplyConfiguration cannot write atomic lists."""
    (mutation,) = spec["mutations"]
    assert mutation["patchType"] == "JSONPatch"
    operations = re.findall(r"JSONPatch\{op: '(\w+)'", mutation["jsonPatch"]["expression"])
    assert {*operations} == {"add"}
    assert "paramKind" not in spec


def test_no_value_is_an_object(spec: Json) -> None:
    """A list of them ends the request."""
    for each in _expressions(spec).values():
        assert not re.search(r"\bObject\b", _without_texts(each))


def test_conditions_are_of_the_pod_alone(spec: Json) -> None:
    """They know no variables, and the namespace is missing."""
    assert spec["matchConditions"]
    for each in spec["matchConditions"]:
        found = re.findall(r"\b(variables|namespaceObject|params)\b", _without_texts(each["expression"]))
        assert not found, each


def test_no_macro_that_the_api_server_lacks(spec: Json) -> None:
    for each in _expressions(spec).values():
        assert not re.search(r"\bcel\.", _without_texts(each))


def test_an_integer_is_read_only_where_there_is_one(spec: Json) -> None:
    """`asInteger` of another quantity is an error."""
    for each in _expressions(spec).values():
        assert each.count(".asInteger()") <= each.count(".isInteger() ? ")


def test_expressions_fit_into_the_parser(spec: Json) -> None:
    for each in _expressions(spec).values():
        assert len(each) <= MAX_CHARACTERS
        assert _levels(each) < _MAX_LEVELS


def _levels(expression: str) -> int:
    """Of brackets: the parser counts them among others."""
    deepest = level = 0
    for character in _without_texts(expression):
        level += (character in "([{") - (character in ")]}")
        deepest = max(deepest, level)
    assert level == 0
    return deepest


@pytest.mark.parametrize("name", SETS)
def test_the_same_policies_are_the_same_bytes(name: str) -> None:
    """In whatever order they are read."""
    one, other = (
        json.dumps(export(each, Accelerators(), Options()).exported.objects)
        for each in (SETS[name], reversed(SETS[name]))
    )
    assert one == other


@pytest.mark.parametrize(
    "spec",
    ["{}", "priority: 7", "match: {ownerKinds: [Job]}", "tolerations: []", "resources: {limits: []}"],
    ids=["nothing", "a priority", "a clause", "no tolerations", "no limits"],
)
def test_policies_that_set_nothing_are_refused(spec: str) -> None:
    with pytest.raises(Refused, match="these policies set nothing"):
        export([policy(spec)], Accelerators(), Options())
