"""Resource defaults: docs/resources.md."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.pods import Json, decide, owned, pod, policy, snapshot, tailored, yaml
from webhook.model.draft import Reason
from webhook.model.policy import Policy
from webhook.policies.shipped import Profile, built_in


def asking(resources: str, name: str = "test", head: str = "") -> Policy:
    return policy(f"{head}\nresources: {resources}", name=name)


def item(text: str) -> str:
    return f"{{limits: [{{type: Container, {text}}}]}}"


REQUESTS = asking(item("defaultRequest: {cpu: 100m, memory: 256Mi}"))
LIMITS = asking(item("default: {memory: 512Mi}"))


def resources_of(pod_after: Json, index: int = 0, kind: str = "containers") -> Any:
    return pod_after["spec"][kind][index].get("resources")


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(
            pod(container="resources: {requests: {cpu: 1, memory: 1Gi}}"), id="leaves requests that are there"
        ),
        pytest.param(
            pod(container="resources: {requests: {cpu: 0, memory: '0'}}"), id="leaves requests of zero"
        ),
        pytest.param(
            pod(container="resources: {requests: {cpu: null, memory: null}}"), id="leaves requests of null"
        ),
        pytest.param(
            pod(container="resources: {limits: {cpu: 1, memory: 1Gi}}"),
            id="leaves requests that the API server takes from limits",
        ),
        pytest.param(
            pod("resources: {requests: {cpu: 1}}"), id="leaves containers of a Pod sized as a whole"
        ),
        pytest.param(pod("resources: {}"), id="leaves containers of a Pod sized as a whole, to nothing"),
        pytest.param(
            pod(metadata="annotations: {podtailor.dev/skip-containers: 'x, app'}"),
            id="leaves containers that the Pod names in skip-containers",
        ),
    ],
)
def test_leaves(before: Json) -> None:
    assert tailored(before, REQUESTS) == before


@pytest.mark.parametrize(
    ("before", "asked", "expected"),
    [
        pytest.param(pod(), REQUESTS, "{requests: {cpu: 100m, memory: 256Mi}}", id="changes a bare container"),
        pytest.param(
            pod(container="resources: {}"),
            REQUESTS,
            "{requests: {cpu: 100m, memory: 256Mi}}",
            id="changes empty resources",
        ),
        pytest.param(
            pod(container="resources: {requests: null}"),
            REQUESTS,
            "{requests: {cpu: 100m, memory: 256Mi}}",
            id="changes null requests",
        ),
        pytest.param(
            pod(container="resources: {requests: {cpu: 2}}"),
            REQUESTS,
            "{requests: {cpu: 2, memory: 256Mi}}",
            id="changes the missing key alone",
        ),
        pytest.param(
            pod(),
            LIMITS,
            "{limits: {memory: 512Mi}, requests: {memory: 512Mi}}",
            id="changes requests to the limit if they are unset",
        ),
        pytest.param(
            pod(container="resources: {requests: {memory: 1Gi}}"),
            LIMITS,
            "{requests: {memory: 1Gi}, limits: {memory: 1Gi}}",
            id="changes our limit to the Pod's larger request",
        ),
        pytest.param(
            pod(container="resources: {requests: {memory: 1.5e3}}"),
            asking(item("default: {memory: 1k}")),
            "{requests: {memory: 1.5e3}, limits: {memory: '1500.0'}}",
            id="changes our limit to a request in any notation",
        ),
        pytest.param(
            pod(),
            asking("{limits: [{type: Container, defaultRequest: {memory: 100Mi}}], limitFactor: {memory: '1.5'}}"),
            "{requests: {memory: 100Mi}, limits: {memory: 150Mi}}",
            id="changes a limit to the factor of our request",
        ),
        pytest.param(
            pod(container="resources: {requests: {cpu: 333m, memory: '7'}}"),
            asking("{limitFactor: {cpu: '1.5', memory: '1.5'}}"),
            "{requests: {cpu: 333m, memory: '7'}, limits: {cpu: 500m, memory: '11'}}",
            id="changes computed CPU to whole milli and memory to whole bytes, rounded up",
        ),
        pytest.param(
            pod(container="resources: {requests: {cpu: 0}}"),
            asking("{limitFactor: {cpu: '2', memory: '2'}}"),
            "{requests: {cpu: 0}}",
            id="leaves limits without a request, or with one of zero, to themselves",
        ),
        pytest.param(
            pod(container="resources: {requests: {memory: 8Ei}}"),
            asking("{limitFactor: {memory: '2'}}"),
            "{requests: {memory: 8Ei}}",
            id="leaves out a limit that no quantity can hold",
        ),
        pytest.param(
            pod(container="resources: {limits: {nvidia.com/gpu: 2}}"),
            asking("{limits: [{type: Container, defaultRequest: {cpu: 100m, memory: 1Gi}}], perDevice: {cpu: '3'}}"),
            "{limits: {nvidia.com/gpu: 2}, requests: {cpu: '6', memory: 1Gi}}",
            id="changes requests per device before the general ones",
        ),
        pytest.param(
            pod(container="resources: {limits: {nvidia.com/gpu: 2, amd.com/gpu: 3}}"),
            asking("{perDevice: {memory: 8Gi}}"),
            "{limits: {nvidia.com/gpu: 2, amd.com/gpu: 3}, requests: {memory: 24Gi}}",
            id="changes by the largest number of devices, never their sum",
        ),
        pytest.param(
            pod(container="resources: {limits: {nvidia.com/gpu: 100}}"),
            asking("{perDevice: {memory: 8Gi}}"),
            "{limits: {nvidia.com/gpu: 100}, requests: {memory: 8Gi}}",
            id="changes as for one device where no Node has so many",
        ),
        pytest.param(
            pod(container="resources: {limits: {volcano.sh/gpu-memory: 4}}"),
            asking("{limits: [{type: Container, defaultRequest: {cpu: 100m}}], perDevice: {cpu: '3'}}"),
            "{limits: {volcano.sh/gpu-memory: 4}, requests: {cpu: 100m}}",
            id="leaves shares of a device uncounted",
        ),
        pytest.param(
            pod(container="resources: {limits: {nvidia.com/gpu: 8}}"),
            asking("{limits: [{type: Container, default: {memory: 4Gi}}], perDevice: {memory: 2Gi}}"),
            "{limits: {nvidia.com/gpu: 8, memory: 16Gi}, requests: {memory: 16Gi}}",
            id="changes the policy's own smaller limit to its request per device",
        ),
    ],
)  # fmt: skip
def test_changes(before: Json, asked: Policy, expected: str) -> None:
    assert resources_of(tailored(before, asked)) == yaml(expected)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param(
            "initContainers: [{name: i}]", "{requests: {cpu: 100m, memory: 256Mi}}", id="init containers"
        ),
        pytest.param(
            "initContainers: [{name: i, restartPolicy: Always}]",
            "{requests: {cpu: 100m, memory: 256Mi}}",
            id="sidecars",
        ),
    ],
)
def test_changes_other_containers_too(spec: str, expected: str) -> None:
    assert resources_of(tailored(pod(spec), REQUESTS), kind="initContainers") == yaml(expected)


def test_shapes_only_the_containers_in_scope() -> None:
    scoped = policy(
        "containers: {names: ['app*'], images: [redis]}\n"
        "resources: {limits: [{type: Container, defaultRequest: {cpu: 100m}}]}"
    )
    before = pod(container="image: r.example/redis:7")
    before["spec"]["containers"] += [
        {"name": "app-2", "image": "redis_exporter:1"},
        {"name": "other", "image": "redis"},
    ]
    after = tailored(before, scoped)["spec"]["containers"]
    assert ["resources" in container for container in after] == [True, False, False]


class TestGuaranteed:
    """qosClass: all gaps or none."""

    ALONE = asking("{qosClass: Guaranteed}")
    WITH_REQUESTS = asking(
        "{limits: [{type: Container, defaultRequest: {cpu: 500m, memory: 1Gi}}], qosClass: Guaranteed}"
    )

    @pytest.mark.parametrize(
        ("before", "expected"),
        [
            pytest.param(
                pod(),
                "{requests: {cpu: 500m, memory: 1Gi}, limits: {cpu: 500m, memory: 1Gi}}",
                id="closes a bare container",
            ),
            pytest.param(
                pod(container="resources: {requests: {cpu: 2}, limits: {memory: 4Gi}}"),
                "{requests: {cpu: 2}, limits: {cpu: '2', memory: 4Gi}}",
                id="closes from the Pod's own values first",
            ),
        ],
    )
    def test_closes(self, before: Json, expected: str) -> None:
        assert resources_of(tailored(before, self.WITH_REQUESTS)) == yaml(expected)

    @pytest.mark.parametrize(
        "before",
        [
            pytest.param(
                pod(container="resources: {requests: {cpu: 1, memory: 1Gi}, limits: {cpu: 2}}"),
                id="leaves a request below its limit",
            ),
            pytest.param(
                pod(container="resources: {requests: {cpu: 1}}"), id="leaves a gap that no policy fills"
            ),
            pytest.param(
                pod(container="resources: {requests: {cpu: 0, memory: 1Gi}}"),
                id="leaves zero, which no Guaranteed Pod has",
            ),
            pytest.param(
                pod("initContainers: [{name: i}]", container="resources: {requests: {cpu: 1, memory: 1Gi}}"),
                id="leaves all where an init container keeps a gap",
            ),
        ],
    )
    def test_leaves(self, before: Json) -> None:
        decision = decide(before, snapshot(self.ALONE))
        assert tailored(before, self.ALONE) == before
        assert [skip.reason for skip in decision.outcome.skips] == [Reason.GUARANTEED_UNREACHABLE]

    def test_counts_containers_that_it_may_not_touch(self) -> None:
        scoped = policy(
            "containers: {names: [app]}\nresources: {limits: [{type: Container, "
            "defaultRequest: {cpu: 1m, memory: 1Mi}}], qosClass: Guaranteed}"
        )
        before = pod()
        before["spec"]["containers"].append({"name": "other"})
        assert "limits" not in resources_of(tailored(before, scoped))
        whole = {"cpu": "1", "memory": "1Gi"}
        before["spec"]["containers"][1]["resources"] = {"limits": whole, "requests": whole}
        assert resources_of(tailored(before, scoped))["limits"] == {"cpu": "1m", "memory": "1Mi"}


class TestSafeProfile:
    """Never a limit, requests for regular containers only, none on DaemonSet Pods."""

    SAFE = built_in(Profile.SAFE)

    def test_gives_requests_to_regular_containers_only(self) -> None:
        spec = "initContainers: [{name: i}, {name: s, restartPolicy: Always}]"
        after = tailored(pod(spec), *self.SAFE)
        assert resources_of(after) == {"requests": {"cpu": "100m", "memory": "256Mi"}}
        assert [resources_of(after, index, "initContainers") for index in (0, 1)] == [None, None]

    def test_leaves_daemonset_pods(self) -> None:
        after = tailored(pod(metadata=owned("DaemonSet")), *self.SAFE)
        assert resources_of(after) is None
        assert after["spec"]["containers"][0]["resizePolicy"]

    def test_strict_does_all_of_it(self) -> None:
        spec = "initContainers: [{name: i}]"
        after = tailored(pod(spec, metadata=owned("DaemonSet")), *built_in(Profile.STRICT))
        sized = {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"cpu": "500m", "memory": "512Mi"}}
        assert [resources_of(after), resources_of(after, kind="initContainers")] == [sized, sized]


def test_skips_a_request_per_device_that_no_quantity_can_hold() -> None:
    asked = policy("resources: {perDevice: {memory: 8Ei}}")
    before = pod(container="resources: {limits: {nvidia.com/gpu: 2}}")
    skips = decide(before, snapshot(asked)).outcome.skips
    assert [(skip.field, skip.reason) for skip in skips] == [("app:requests.memory", Reason.NO_ROOM)]
