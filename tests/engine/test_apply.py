"""Several policies for one Pod: docs/policies.md on precedence, docs/resources.md."""

from __future__ import annotations

import pytest

from tests.support.pods import Json, decide, pod, policy, snapshot, tailored, yaml
from webhook.engine.snapshot import snapshot_of
from webhook.model.policy import Policy
from webhook.policies.shipped import Profile, built_in


def memory(amount: str, name: str, head: str = "", **kind: str) -> Policy:
    item = f"{{type: Container, defaultRequest: {{memory: {amount}}}}}"
    return policy(f"{head}\nresources: {{limits: [{item}]}}", name=name, **kind)


def request_of(after: Json) -> str | None:
    resources = after["spec"]["containers"][0].get("resources", {})
    amount: str | None = resources.get("requests", {}).get("memory")
    return amount


class TestOrder:
    @pytest.mark.parametrize(
        ("first", "second"),
        [
            pytest.param(
                memory("1Gi", "z", kind="WorkloadPolicy", namespace="default"),
                memory("2Gi", "a", "priority: 1000"),
                id="WorkloadPolicy before ClusterWorkloadPolicy, whatever its priority",
            ),
            pytest.param(
                memory("1Gi", "z", "priority: 2"),
                memory("2Gi", "a", "priority: 1"),
                id="then higher priority",
            ),
            pytest.param(memory("1Gi", "a"), memory("2Gi", "b"), id="then name"),
            pytest.param(memory("1Gi", "zzz"), built_in(Profile.SAFE)[3], id="then built-ins"),
        ],
    )
    def test_first_to_set_a_key_keeps_it(self, first: Policy, second: Policy) -> None:
        decision = decide(pod(), snapshot(second, first))
        assert request_of(tailored(pod(), second, first)) == "1Gi"
        conflicts = [(each.policy.name, each.field, each.winner.name) for each in decision.outcome.conflicts]
        assert conflicts == [(second.name, "app:requests.memory", first.name)]

    def test_precedence_of_built_ins(self) -> None:
        policies = snapshot_of(reversed(built_in(Profile.SAFE))).policies
        assert [each.name for each in policies] == ["gpu", "stateful", "arm64", "general"]

    def test_conflicts_among_built_ins_are_none(self) -> None:
        obj = pod("volumes: [{name: v, ephemeral: {}}]", container="resources: {limits: {nvidia.com/gpu: 1}}")
        decision = decide(obj, snapshot(*built_in(Profile.STRICT)))
        assert [each.name for each in decision.enforced] == ["gpu", "stateful"]
        assert decision.outcome.conflicts == ()

    def test_same_value_is_no_conflict(self) -> None:
        decision = decide(pod(), snapshot(memory("1Gi", "a"), memory("1024Mi", "b")))
        assert decision.outcome.conflicts == ()

    def test_each_key_has_its_own_winner(self) -> None:
        first = policy("resources: {limits: [{type: Container, defaultRequest: {cpu: 1m}}]}", name="a")
        second = policy(
            "resources: {limits: [{type: Container, defaultRequest: {cpu: 2m, memory: 2Gi}}]}", name="b"
        )
        after = tailored(pod(), first, second)["spec"]["containers"][0]["resources"]
        assert after == {"requests": {"cpu": "1m", "memory": "2Gi"}}

    def test_tolerations_only_add_up(self) -> None:
        policies = [
            policy(f"tolerations: [{{key: {key}, operator: Exists}}]", name=f"p-{key}") for key in "abc"
        ]
        after = tailored(pod(), *policies)
        assert [each["key"] for each in after["spec"]["tolerations"]] == ["a", "b", "c"]

    @pytest.mark.parametrize("key", ["kubernetes.io/arch", "beta.kubernetes.io/arch"])
    def test_arm64_selector_makes_an_arm64_pod_at_once(self, key: str) -> None:
        """Otherwise a second review would match other policies."""
        sends = policy(f"nodeSelector: {{{key}: arm64}}")
        policies = snapshot(sends, *built_in(Profile.SAFE))
        after = tailored(pod(), within=policies)
        assert after["spec"]["nodeSelector"] == {key: "arm64"}
        assert after["spec"]["tolerations"][0]["value"] == "arm64"
        assert [each.name for each in decide(pod(), policies).enforced] == ["test", "arm64"]
        assert decide(after, policies).patch == []

    def test_policies_for_arm64_pods_do_not_move_the_pod_elsewhere(self) -> None:
        elsewhere = policy(
            "match: {workloadTypes: [ARM64]}\nnodeSelector: {kubernetes.io/arch: other}", name="a"
        )
        sends = policy("nodeSelector: {kubernetes.io/arch: arm64}", name="b")
        assert tailored(pod(), elsewhere, sends)["spec"]["nodeSelector"] == {"kubernetes.io/arch": "arm64"}

    def test_bounds_for_arm64_pods_hold_for_values_of_other_policies(self) -> None:
        gives = policy("resources: {limits: [{type: Container, defaultRequest: {cpu: 1m}}]}", name="gives")
        sends = policy("nodeSelector: {kubernetes.io/arch: arm64}", name="sends")
        bounds = policy(
            "match: {workloadTypes: [ARM64]}\n"
            "resources: {limits: [{type: Container, min: {cpu: 100m}}], onViolation: Deny}",
            name="z",
        )
        after = tailored(pod(), gives, sends, bounds)
        assert after["spec"]["containers"][0]["resources"] == {"requests": {"cpu": "100m"}}


class TestResources:
    """Requests in policy order, then limits, then values that do not fit are moved."""

    @pytest.mark.parametrize(
        ("first", "second", "expected"),
        [
            pytest.param(
                "{limits: [{type: Container, defaultRequest: {memory: 1Gi}}]}",
                "{limits: [{type: Container, defaultRequest: {memory: 2Gi}, default: {memory: 4Gi}}]}",
                "{requests: {memory: 1Gi}, limits: {memory: 4Gi}}",
                id="a limit may be another policy's than its request",
            ),
            pytest.param(
                "{limits: [{type: Container, default: {memory: 1Gi}}]}",
                "{limits: [{type: Container, defaultRequest: {memory: 2Gi}}]}",
                "{requests: {memory: 1Gi}, limits: {memory: 1Gi}}",
                id="of two that do not fit the later one moves: the request",
            ),
            pytest.param(
                "{limits: [{type: Container, defaultRequest: {memory: 2Gi}}]}",
                "{limits: [{type: Container, default: {memory: 1Gi}}]}",
                "{requests: {memory: 2Gi}, limits: {memory: 2Gi}}",
                id="of two that do not fit the later one moves: the limit",
            ),
            pytest.param(
                "{limitFactor: {memory: '3'}}",
                "{limits: [{type: Container, defaultRequest: {memory: 1Gi}, default: {memory: 9Gi}}]}",
                "{requests: {memory: 1Gi}, limits: {memory: 3Gi}}",
                id="a factor takes the request as it stands after all requests are given",
            ),
            pytest.param(
                "{limits: [{type: Container, default: {memory: 9Gi}}], limitFactor: {memory: '3'}}",
                "{limits: [{type: Container, defaultRequest: {memory: 1Gi}}]}",
                "{requests: {memory: 1Gi}, limits: {memory: 9Gi}}",
                id="within a policy default comes before limitFactor",
            ),
            pytest.param(
                "{limits: [{type: Container, default: {cpu: '2'}}]}",
                "{limits: [{type: Container, defaultRequest: {cpu: '1', memory: 1Gi}}], qosClass: Guaranteed}",
                "{requests: {cpu: '1', memory: 1Gi}, limits: {cpu: '2'}}",
                id="Guaranteed is out of reach where an earlier policy set another limit",
            ),
            pytest.param(
                "{limits: [{type: Container, default: {cpu: '1'}}]}",
                "{limits: [{type: Container, defaultRequest: {memory: 1Gi}}], qosClass: Guaranteed}",
                "{requests: {cpu: '1', memory: 1Gi}, limits: {cpu: '1', memory: 1Gi}}",
                id="Guaranteed closes what an earlier policy left open",
            ),
        ],
    )
    def test_two_policies(self, first: str, second: str, expected: str) -> None:
        policies = policy(f"resources: {first}", name="a"), policy(f"resources: {second}", name="b")
        after = tailored(pod(), *policies)["spec"]["containers"][0]["resources"]
        assert after == yaml(expected)
        assert tailored(pod(), *reversed(policies))["spec"]["containers"][0]["resources"] == after


LIMITED = "{limits: [{type: Container, default: {cpu: 200m}}]}"
GUARANTEED = "{limits: [{type: Container, defaultRequest: {cpu: 500m, memory: 1Gi}}], qosClass: Guaranteed}"


def test_namespaced_policy_never_lifts_the_max_of_a_cluster_policy() -> None:
    """It takes precedence, but its values stay within the bounds of every policy."""
    own = policy(
        "resources: {limits: [{type: Container, defaultRequest: {memory: 9Gi}, max: {memory: 99Gi}}]}",
        kind="WorkloadPolicy",
        namespace="default",
    )
    cluster = policy("resources: {limits: [{type: Container, max: {memory: 1Gi}}]}", name="cluster")
    assert request_of(tailored(pod(), own, cluster)) == "1Gi"


class TestGuaranteed:
    """All or nothing, decided at the end, with the values of all policies."""

    @pytest.mark.parametrize(
        ("policies", "expected"),
        [
            pytest.param(
                (LIMITED, GUARANTEED),
                "{requests: {cpu: 200m, memory: 1Gi}, limits: {cpu: 200m, memory: 1Gi}}",
                id="an earlier limit below the request brings the request down, and then all is equal",
            ),
            pytest.param(
                (GUARANTEED, LIMITED),
                "{requests: {cpu: 500m, memory: 1Gi}, limits: {cpu: 500m, memory: 1Gi}}",
                id="a later limit comes too late",
            ),
            pytest.param(
                ("{limits: [{type: Container, defaultRequest: {memory: 1Gi}}], qosClass: Guaranteed}", LIMITED),
                "{requests: {cpu: 200m, memory: 1Gi}, limits: {cpu: 200m, memory: 1Gi}}",
                id="a later limit is the request too, and closes what was open",
            ),
            pytest.param(
                ("{limits: [{type: Container, defaultRequest: {memory: 1Gi}}], qosClass: Guaranteed}", "{limits: [{type: Container, default: {memory: 2Gi}}]}"),
                "{requests: {memory: 1Gi}, limits: {memory: 2Gi}}",
                id="if it is out of reach, the later policy sets values as if no policy proposed it",
            ),
            pytest.param(
                (LIMITED, "{limitFactor: {cpu: '2', memory: '2'}}", GUARANTEED),
                "{requests: {cpu: 200m, memory: 1Gi}, limits: {cpu: 200m, memory: 2Gi}}",
                id="an earlier factor keeps it out of reach",
            ),
        ],
    )  # fmt: skip
    def test_policies(self, policies: tuple[str, ...], expected: str) -> None:
        made = [policy(f"resources: {text}", name=f"p{index}") for index, text in enumerate(policies)]
        after = tailored(pod(), *made)
        assert after["spec"]["containers"][0]["resources"] == yaml(expected)
        assert decide(after, snapshot(*made)).patch == []

    def test_several_containers_and_policies_reach_it_together(self) -> None:
        first = policy(f"containers: {{names: [app]}}\nresources: {GUARANTEED}", name="a")
        second = policy(f"containers: {{names: [side]}}\nresources: {GUARANTEED}", name="b")
        before = pod("initContainers: [{name: side, restartPolicy: Always}]")
        after = tailored(before, first, second)["spec"]
        for container in (*after["containers"], *after["initContainers"]):
            assert container["resources"]["requests"] == container["resources"]["limits"]
        assert "limits" not in tailored(before, first)["spec"]["containers"][0]["resources"]

    def test_what_is_tried_in_vain_leaves_no_trace(self) -> None:
        hopeful = policy(f"containers: {{names: [app]}}\nresources: {GUARANTEED}", name="a")
        outcome = decide(pod("initContainers: [{name: i}]"), snapshot(hopeful)).outcome
        assert [each.field for each in outcome.changes] == ["app:requests.cpu", "app:requests.memory"]
        assert [(each.field, each.reason) for each in outcome.skips] == [
            ("pod:qosClass", "guaranteed-unreachable")
        ]
        assert outcome.conflicts == ()
