"""What a Pod requires of a Node, as the scheduler computes it."""

from __future__ import annotations

from tests.audit.verdicts import (
    REQUESTS,
    judged,
)
from tests.support.pods import pod, policy


def test_need_is_as_the_scheduler_adds_up() -> None:
    obj = pod(
        "initContainers: [{name: i, image: i, resources: {requests: {cpu: '3'}}}, "
        "{name: s, image: s, restartPolicy: Always, resources: {requests: {cpu: 500m}}}]\n"
        "nodeSelector: {disk: fast}"
    )
    send = policy("{nodeSelector: {zone: a}, tolerations: [{key: k, operator: Exists}]}", name="send")
    verdict = judged(obj, REQUESTS, send, overhead={"cpu": "50m"})
    assert verdict.before.requests["cpu"] == 3050, "the init container, before the others start"
    assert verdict.before.unsized["cpu"] == {"app"}
    assert verdict.after.unsized["cpu"] == set()
    assert verdict.after.node_selector == {"disk": "fast", "zone": "a"}
    assert [each.key for each in verdict.after.tolerations] == ["k"]
