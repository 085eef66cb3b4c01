"""What a plan says beside its refusals: what it notes, and what it does not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.resize.pods import RESTARTS, SIZED, facts, planned, running, using
from webhook.resize.facts import Allowed
from webhook.resize.pod import Pod

_BURSTABLE = "resources: {requests: {memory: 128Mi}}"
_JVM = f"image: eclipse-temurin:21\n{SIZED}"
_OOM_LOOP = "{restartCount: 5, state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {reason: OOMKilled}}}"


@pytest.mark.parametrize(
    ("pod", "asked", "about", "expected"),
    [
        pytest.param(running(), {"cpu": "200m:400m", "memory": "256Mi:512Mi"}, {}, [], id="says nothing to a raise"),
        pytest.param(running(), {"cpu": ":200m"}, {"usage": {}}, [], id="says nothing to a CPU limit if usage is unknown"),
        pytest.param(running(), {"memory": ":512Mi"}, {"usage": using(1, has_cache=False)}, [], id="says nothing of page cache to a raise"),
        pytest.param(running(container=_JVM), {"memory": "200Mi"}, {}, [], id="says nothing to a JVM's request"),
        pytest.param(
            running(container=_BURSTABLE), {"cpu": "1:2"}, {},
            ["stays: app: a cpu request cannot be removed again", "stays: app: a cpu limit cannot be removed again"],
            id="warns of what is added",
        ),
        pytest.param(
            running(container=_BURSTABLE), {"cpu": ":2"}, {},
            ["stays: app: a cpu limit cannot be removed again", "stays: app: a cpu request cannot be removed again"],
            id="warns of the request that a new limit brings",
        ),
        pytest.param(
            running(), {"cpu": ":200m"}, {"usage": using(1, cpu=180)},
            ["throttles: app: a CPU limit of 200m will throttle it, as it uses 180m"],
            id="warns of a CPU limit below 1.2 x usage",
        ),
        pytest.param(
            running(), {"memory": ":200Mi"}, {"usage": using(1, has_cache=False)},
            ["without-page-cache: its memory is measured without the page cache, which the kubelet counts: it may still refuse"],
            id="warns of less memory if usage is of the metrics API",
        ),
        pytest.param(
            running(container=_JVM), {"memory": ":512Mi"}, {},
            ["sized-at-start: app: the JVM uses more memory only after it has started again"],
            id="warns that a JVM keeps its heap",
        ),
        pytest.param(
            running(app=_OOM_LOOP), {"memory": ":512Mi"}, {},
            [
                ("crash-loop: app: it is OOMKilled again and again, and kubelets may keep the old limit of such a Pod "
                "(kubernetes#138760): if this does not help, delete the Pod")
            ],
            id="warns of a container that is OOMKilled again and again",
        ),
        pytest.param(
            running(container="resources: {requests: {memory: 2Gi}}"), {"memory": "1Gi:1Gi"}, {},
            [
                "stays: app: a memory limit cannot be removed again",
                "no-way-back: app: its memory request of 2Gi cannot be restored, as the limit of 1Gi stays",
            ],
            id="warns of an added limit below what is requested now",
        ),
        pytest.param(
            running(), {"memory": ":512Mi"}, {"kubernetes": 33},
            ["no-way-back: app: 1.33 cannot lower its memory limit again"],
            id="warns that 1.33 lowers no memory limit",
        ),
        pytest.param(
            running(container=f"{SIZED}\n{RESTARTS}"), {"memory": ":512Mi"}, {"kubernetes": 33}, [],
            id="says nothing of that if the container restarts for it",
        ),
    ],
)  # fmt: skip
def test_notes(pod: Pod, asked: dict[str, str], about: dict[str, Any], expected: list[str]) -> None:
    (only,) = planned(pod, **asked, facts=facts(**about), allowed=Allowed(restart=True)).pods
    assert [str(each) for each in only.warnings] == expected
    assert only.is_due
