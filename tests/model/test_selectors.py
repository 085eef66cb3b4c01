"""Label selectors, as `labels.Selector` of k8s.io/apimachinery matches and prints them."""

from __future__ import annotations

import pytest

from webhook.model.selectors import LabelSelector, Requirement

LABELS = {"app": "web", "tier": ""}


@pytest.mark.parametrize(
    ("requirement", "holds", "text"),
    [
        (Requirement("app", "In", ("web",)), True, "app=web"),
        (Requirement("app", "In", ("db", "web")), True, "app in (db, web)"),
        (Requirement("app", "In", ("db",)), False, "app=db"),
        (Requirement("zone", "In", ("",)), False, "zone="),
        (Requirement("app", "NotIn", ("web", "db")), False, "app notin (web, db)"),
        (Requirement("zone", "NotIn", ("a",)), True, "zone notin (a)"),
        (Requirement("tier", "Exists"), True, "tier"),
        (Requirement("zone", "Exists"), False, "zone"),
        (Requirement("tier", "DoesNotExist"), False, "!tier"),
        (Requirement("zone", "DoesNotExist"), True, "!zone"),
    ],
)
def test_requirement(requirement: Requirement, holds: bool, text: str) -> None:
    assert requirement.holds(LABELS) is holds
    assert str(requirement) == text


def test_selector_names_the_first_requirement_that_does_not_hold() -> None:
    written = LabelSelector(
        {"app": "web"}, [Requirement("zone", "Exists"), Requirement("app", "In", ("db",))]
    )
    assert str(written.compiled().first_unmet(LABELS)) == "zone"
    assert LabelSelector({"app": "web"}).compiled().first_unmet(LABELS) is None
    assert LabelSelector().compiled().first_unmet({}) is None
