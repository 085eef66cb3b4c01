"""Drift: resources of a live Pod that neither its template nor a policy set."""

from __future__ import annotations

from typing import Any

import pytest

from tests.audit.verdicts import (
    EARLIER,
    LATER,
    REQUESTS,
    SIZED,
    in_force,
    judged,
)
from tests.support.pods import Json, pod, policy, snapshot
from webhook.audit.drift import expected_of_template
from webhook.audit.findings import Finding
from webhook.model.pod import pod_view
from webhook.model.policy import Policy
from webhook.workloads.workload import Expected


def _template(obj: Json, *policies: Policy) -> Expected:
    view = pod_view(obj)
    return expected_of_template("default", view, view, snapshot(*policies))


def _differing(
    live: Json, template: Json, *policies: Policy, created: str = LATER, **known: Any
) -> list[tuple[Any, ...]]:
    verdict = judged(
        live,
        *policies,
        created=created,
        expected=_template(template, *policies),
        enforcement=in_force(*policies),
        **known,
    )
    return [(item.finding, item.field, item.before, item.after) for item in verdict.items if item.field]


OTHER = pod(container="resources: {requests: {cpu: 300m}}")


@pytest.mark.parametrize(
    ("live", "template", "created", "items"),
    [
        pytest.param(SIZED, pod(), LATER, [], id="as the policy gives it"),
        pytest.param(OTHER, pod(), LATER, [(Finding.DRIFTED, "app:requests.cpu", "300m", "100m")], id="resized since"),
        pytest.param(OTHER, pod(), EARLIER, [(Finding.WOULD_CHANGE, "app:requests.cpu", "300m", "100m")], id="policy came or changed later"),
        pytest.param(OTHER, OTHER, LATER, [], id="as in its template"),
        pytest.param(SIZED, OTHER, LATER, [(Finding.DRIFTED, "app:requests.cpu", "100m", "300m")], id="not as in its template"),
        pytest.param(pod(container="resources: {requests: {cpu: 100m, memory: 1Gi}}"), pod(), LATER, [(Finding.DRIFTED, "app:requests.memory", "1Gi", None)], id="set by neither"),
        pytest.param(pod(metadata="annotations: {podtailor.dev/applied: '{\"old\":[\"app:requests.memory\"]}'}", container="resources: {requests: {cpu: 100m, memory: 1Gi}}"), pod(), LATER, [], id="an earlier policy set it"),
        pytest.param(pod(metadata="annotations: {kubernetes.io/limit-ranger: x}", container="resources: {requests: {cpu: 100m, memory: 1Gi}}"), pod(), LATER, [], id="LimitRanger may have set it"),
        pytest.param(pod(container="resources: {requests: {cpu: '0.1'}}"), pod(), LATER, [], id="written otherwise"),
        pytest.param(pod("containers: [{name: mesh, image: m, resources: {requests: {cpu: 100m}}}]"), pod(), LATER, [], id="container that the template does not have"),
    ],
)  # fmt: skip
def test_drift_is_what_neither_template_nor_policy_gave(
    live: Json, template: Json, created: str, items: list[tuple[Any, ...]]
) -> None:
    assert _differing(live, template, REQUESTS, created=created) == items


def test_limit_that_is_given_is_the_request_too() -> None:
    limit = policy("{resources: {limits: [{type: Container, default: {cpu: '1'}}]}}")
    live = pod(container="resources: {limits: {cpu: 1}, requests: {cpu: 1}}")
    assert _differing(live, pod(), limit) == []


@pytest.mark.parametrize(
    ("live", "items"),
    [
        pytest.param("{limits: {cpu: 1}, requests: {cpu: 100m}}", [], id="as the LimitRange gives it"),
        pytest.param("{limits: {cpu: 1}, requests: {cpu: 1}}", [], id="created before the LimitRange"),
        pytest.param("{limits: {cpu: 2}, requests: {cpu: 100m}}", [(Finding.DRIFTED, "app:limits.cpu", 2, "1")], id="resized limit"),
    ],
)  # fmt: skip
def test_request_of_a_limit_range_stays_beside_the_limit_of_a_policy(
    live: str, items: list[tuple[Any, ...]]
) -> None:
    limit = policy("{resources: {limits: [{type: Container, default: {cpu: '1'}}]}}")
    written, admitted = pod_view(pod()), pod_view(pod(container="resources: {requests: {cpu: 100m}}"))
    verdict = judged(
        pod(container=f"resources: {live}"),
        limit,
        created=LATER,
        expected=expected_of_template("default", written, admitted, snapshot(limit)),
        enforcement=in_force(limit),
    )
    found = [(item.finding, item.field, item.before, item.after) for item in verdict.items if item.field]
    assert found == items


def test_policy_that_is_tried_says_what_a_new_pod_would_have_and_cost() -> None:
    tried = policy("{resources: {limits: [{type: Container, defaultRequest: {cpu: '9'}}]}}", name="tried")
    verdict = judged(SIZED, tried, created=LATER, expected=_template(pod(), tried))
    (item,) = verdict.items
    assert (item.finding, item.before, item.after, item.in_force) == (
        Finding.WOULD_CHANGE,
        "100m",
        "9",
        False,
    )
    assert (verdict.before.requests["cpu"], verdict.after.requests["cpu"]) == (100, 9000)
