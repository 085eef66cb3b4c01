"""What would break an API server, or a Pod, is in no exported policy: whatever its policies are.

That it would break one is shown on a real one, in tests/e2e/export/test_traps.py.
"""

from __future__ import annotations

import json
import re

import pytest

from tests.e2e.export import random_policies
from tests.e2e.export.random_pods import Lot
from tests.e2e.export.sets import SETS
from tests.support.pods import Json, policy
from webhook.export.document import Options
from webhook.export.export import Refused, export
from webhook.export.program import MAX_CHARACTERS
from webhook.model.accelerators import Accelerators
from webhook.model.policy import Policy

_RANDOM = 40
# Of cel-go's parser; the exporter counts more carefully, and stays below.
_MAX_LEVELS = 250
NAMES = [*SETS, *(f"random-{number}" for number in range(_RANDOM))]


def _policies(name: str) -> tuple[Policy, ...]:
    if name in SETS:
        return SETS[name]
    lot = Lot(name)
    return tuple(random_policies.policies(lot, lot.randint(1, 6), "default"))


@pytest.fixture(scope="module")
def specs() -> dict[str, Json]:
    """By name, of those that set something."""
    found = {}
    for name in NAMES:
        try:
            made = export(_policies(name), Accelerators(), Options()).exported
        except Refused as refused:
            assert str(refused) == "these policies set nothing"  # noqa: PT017 (any other reason fails)
            continue
        found[name] = made.policy["spec"]
    assert found.keys() >= SETS.keys()
    assert len(found) > _RANDOM / 2
    return found


def _expressions(spec: Json) -> dict[str, str]:
    variables = {each["name"]: each["expression"] for each in spec["variables"]}
    (mutation,) = spec["mutations"]
    return {**variables, "": mutation["jsonPatch"]["expression"]}


def _used(expression: str) -> set[str]:
    """Variables, wherever they are not within a text."""
    return set(re.findall(r"\bvariables\.(\w+)", _without_texts(expression)))


def _without_texts(expression: str) -> str:
    return re.sub(r"'(?:[^'\\]|\\.)*'", "''", expression)


@pytest.mark.parametrize("name", NAMES)
def test_every_variable_has_a_name_of_its_own_and_uses_earlier_ones(
    specs: dict[str, Json], name: str
) -> None:
    """Two of one name end the API server: the first Pod is a stack overflow."""
    if name not in specs:
        return
    known: list[str] = []
    for each in specs[name]["variables"]:
        assert each["name"] not in known
        assert _used(each["expression"]) <= {*known}
        known.append(each["name"])
    used = set().union(*map(_used, _expressions(specs[name]).values()))
    assert used == {*known}, "none is for nothing"


def test_texts_hold_no_quotes_that_end_them(specs: dict[str, Json]) -> None:
    for spec in specs.values():
        for each in _expressions(spec).values():
            assert each.isascii()
            assert each.isprintable()
            assert "'" not in _without_texts(each).replace("''", "")


def test_one_mutation_of_json_patch(specs: dict[str, Json]) -> None:
    """Several policies would run in random order, and an ApplyConfiguration cannot write atomic lists."""
    for spec in specs.values():
        (mutation,) = spec["mutations"]
        assert mutation["patchType"] == "JSONPatch"
        operations = re.findall(r"JSONPatch\{op: '(\w+)'", mutation["jsonPatch"]["expression"])
        assert {*operations} == {"add"}
        assert "paramKind" not in spec


def test_no_value_is_an_object(specs: dict[str, Json]) -> None:
    """A list of them ends the request."""
    for spec in specs.values():
        for each in _expressions(spec).values():
            assert not re.search(r"\bObject\b", _without_texts(each))


def test_conditions_are_of_the_pod_alone(specs: dict[str, Json]) -> None:
    """They know no variables, and the namespace is missing."""
    for spec in specs.values():
        assert spec["matchConditions"]
        for each in spec["matchConditions"]:
            found = re.findall(r"\b(variables|namespaceObject|params)\b", _without_texts(each["expression"]))
            assert not found, each


def test_no_macro_that_the_api_server_lacks(specs: dict[str, Json]) -> None:
    for spec in specs.values():
        for each in _expressions(spec).values():
            assert not re.search(r"\bcel\.", _without_texts(each))


def test_an_integer_is_read_only_where_there_is_one(specs: dict[str, Json]) -> None:
    """`asInteger` of another quantity is an error."""
    for spec in specs.values():
        for each in _expressions(spec).values():
            assert each.count(".asInteger()") <= each.count(".isInteger() ? ")


@pytest.mark.parametrize("name", NAMES)
def test_expressions_fit_into_the_parser(specs: dict[str, Json], name: str) -> None:
    for each in _expressions(specs[name]).values() if name in specs else ():
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
