"""The QoS class before and after; a real API server agrees (tests/e2e/test_accepted_pods.py)."""

from __future__ import annotations

import pytest

from tests.support.pods import decide, pod, policy, snapshot

GIVES = "{limits: [{type: Container, defaultRequest: {cpu: '1'}, default: {memory: 1Gi}}]}"
ALL = "{limits: [{type: Container, defaultRequest: {cpu: '1', memory: 1Gi}}], qosClass: Guaranteed}"


@pytest.mark.parametrize(
    ("before", "gives", "move"),
    [
        ("{}", "{}", "BestEffort BestEffort"),
        ("{requests: {cpu: 0}}", "{}", "BestEffort BestEffort"),
        ("{limits: {nvidia.com/gpu: '1'}}", "{}", "BestEffort BestEffort"),
        ("{}", GIVES, "BestEffort Burstable"),
        ("{}", ALL, "BestEffort Guaranteed"),
        ("{requests: {cpu: '1'}}", ALL, "Burstable Guaranteed"),
        ("{limits: {cpu: '1', memory: 1Gi}}", "{}", "Guaranteed Guaranteed"),
        ("{limits: {cpu: '2', memory: 1Gi}, requests: {cpu: 2000m}}", "{}", "Guaranteed Guaranteed"),
        ("{limits: {cpu: '2', memory: 1Gi}, requests: {cpu: '1'}}", ALL, "Burstable Burstable"),
    ],
)
def test_class_of_one_container(before: str, gives: str, move: str) -> None:
    qos = decide(pod(container=f"resources: {before}"), snapshot(policy(f"resources: {gives}"))).outcome.qos
    assert f"{qos.before} {qos.after}" == move


@pytest.mark.parametrize(
    ("whole", "container", "expected"),
    [
        ("{}", "{requests: {memory: 1Mi}}", "BestEffort"),
        ("{requests: {cpu: '1'}}", "{requests: {memory: 1Mi}}", "Burstable"),
        ("{limits: {cpu: '1', memory: 1Gi}}", "{}", "Guaranteed"),
        ("{limits: {cpu: '1', memory: 1Gi}}", "{requests: {memory: 1Mi}}", "Burstable"),
        ("{limits: {cpu: '1', memory: 1Gi}}", "{limits: {cpu: '1', memory: 1Gi}}", "Guaranteed"),
        ("{limits: {cpu: '1', memory: 1Gi}, requests: {cpu: 500m}}", "{}", "Burstable"),
    ],
)
def test_pod_that_is_sized_as_a_whole_has_the_class_of_that(
    whole: str, container: str, expected: str
) -> None:
    sized = pod(f"resources: {whole}", container=f"resources: {container}")
    qos = decide(sized, snapshot(policy(f"resources: {GIVES}"))).outcome.qos
    assert (qos.before, qos.after) == (expected, expected)
