"""Which Pods slipped through: those created while everything was in force."""

from __future__ import annotations

import pytest
from msgspec import structs

from tests.audit.verdicts import (
    BETWEEN,
    CPU,
    EARLIER,
    EVERYBODY,
    LATER,
    REQUESTS,
    in_force,
    judged,
)
from tests.support.pods import pod, policy
from webhook.audit.enforcement import FirstApplied
from webhook.audit.findings import Finding
from webhook.model.selectors import Requirement, Selector


@pytest.mark.parametrize(
    ("created", "finding"),
    [
        pytest.param("", Finding.PASS, id="template: admission adds it to its Pods"),
        pytest.param(EARLIER, Finding.WOULD_CHANGE, id="made before"),
        pytest.param("2026-01-02T00:00:00Z", Finding.WOULD_CHANGE, id="made in that very second"),
        pytest.param(LATER, Finding.SLIPPED_THROUGH, id="made after"),
    ],
)
def test_pod_slipped_through_only_where_all_was_in_force(created: str, finding: Finding) -> None:
    verdict = judged(pod(), REQUESTS, enforcement=in_force(REQUESTS), created=created)
    assert verdict.finding is finding
    assert all(item.in_force for item in verdict.items)


@pytest.mark.parametrize(
    "first_applied",
    [
        pytest.param({}, id="no Pod before it was tailored"),
        pytest.param({("test", CPU): LATER}, id="one of the same second, which may have come after"),
        pytest.param({("test", CPU): "2026-01-03T00:00:00Z"}, id="one that came after it"),
        pytest.param({("other", CPU): BETWEEN}, id="one by another policy"),
        pytest.param({("test", "requests.memory"): BETWEEN}, id="one in another field"),
    ],
)
def test_pod_is_not_accused_without_a_tailored_one_before_it(first_applied: FirstApplied) -> None:
    enforcement = in_force(REQUESTS, first_applied=first_applied)
    verdict = judged(pod(), REQUESTS, enforcement=enforcement, created=LATER)
    assert verdict.finding is Finding.WOULD_CHANGE
    assert all(item.in_force for item in verdict.items)


def test_pod_is_not_accused_where_its_namespace_was_written_since() -> None:
    """A label may have been taken off: that moves the resourceVersion and no time."""
    for revision, finding in ((7, Finding.WOULD_CHANGE), (5, Finding.SLIPPED_THROUGH)):
        enforcement = structs.replace(in_force(REQUESTS), revisions={"default": revision})
        verdict = judged(pod(), REQUESTS, enforcement=enforcement, created=LATER, revision=6)
        assert verdict.finding is finding


def test_user_who_says_since_when_needs_no_other_proof() -> None:
    enforcement = structs.replace(in_force(REQUESTS, first_applied={}), since=EARLIER)
    verdict = judged(pod(), REQUESTS, enforcement=enforcement, created=LATER)
    assert verdict.finding is Finding.SLIPPED_THROUGH


def test_newest_change_counts() -> None:
    enforcement = structs.replace(in_force(REQUESTS), namespaces={"default": "2026-02-01T00:00:00Z"})
    assert judged(pod(), REQUESTS, enforcement=enforcement, created=LATER).finding is Finding.WOULD_CHANGE


def test_policy_that_is_tried_was_never_in_force() -> None:
    other = policy("{resources: {limits: [{type: Container, defaultRequest: {cpu: 100m}}]}}", name="other")
    verdict = judged(pod(), other, enforcement=in_force(REQUESTS), created=LATER)
    assert (verdict.finding, verdict.items[0].in_force) == (Finding.WOULD_CHANGE, False)
    since = structs.replace(in_force(REQUESTS), since=EARLIER)
    assert judged(pod(), other, enforcement=since, created=LATER).finding is Finding.SLIPPED_THROUGH


def test_who_is_not_selected_is_skipped() -> None:
    opt_in = Selector((Requirement("podtailor.dev/injection", "In", ("enabled",)),))
    verdict = judged(
        pod(),
        REQUESTS,
        enforcement=in_force(REQUESTS, webhook=structs.replace(EVERYBODY, namespaces=opt_in)),
    )
    assert verdict.items[0].why == (
        "not-selected: the webhook selects namespaces with podtailor.dev/injection=enabled, and default does not match"
    )


def test_nothing_slipped_through_before_somebody_says_so() -> None:
    enforcement = structs.replace(in_force(REQUESTS), since="2026-06-01T00:00:00Z")
    assert judged(pod(), REQUESTS, enforcement=enforcement, created=LATER).finding is Finding.WOULD_CHANGE
