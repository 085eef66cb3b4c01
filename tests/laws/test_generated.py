"""What the laws are tried with: no edit and no field is left out of what is generated."""

from __future__ import annotations

from typing import Any

from tests.support.pods import Json, policy_of
from tests.support.policy_strategies import policies
from tests.support.strategies import FEW, many, pods
from webhook.edits import EDITS


def test_generated_policies_and_pods_have_what_laws_need() -> None:
    """Some policy requests each edit, and some Pod has a value of its own in each field: laws try twice as many."""
    generated = [policy_of({**each, "metadata": {"name": "p"}}) for each in many(policies(), 40)]
    assert [edit.name for edit in EDITS if not any(map(edit.requested_by, generated))] == []
    objects = many(pods(FEW), 250)
    fields = [field for edit in EDITS for field in edit.fields]
    assert [field for field in fields if not any(_has(field, each) for each in objects)] == []


def _has(field: str, obj: Json) -> bool:
    values: list[Any] = [obj]
    for step in field.split("."):
        name = step.removesuffix("[*]")
        values = [each[name] for each in values if isinstance(each, dict) and each.get(name)]
        if step != name:
            values = [item for items in values for item in items]
    return bool(values)
