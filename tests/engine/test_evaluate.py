"""Decisions: namespaces, modes, warnings."""

from __future__ import annotations

import pytest

from tests.support.pods import Json, decide, pod, policy, snapshot
from webhook.engine.evaluate import evaluate
from webhook.engine.snapshot import Request
from webhook.model.names import Mode
from webhook.model.pod import pod_view
from webhook.model.policy import Policy
from webhook.policies.shipped import Profile, built_in

ANY = policy("nodeSelector: {a: b}")


def test_namespace_is_the_requests() -> None:
    """API servers before 1.24 leave it out of the Pod."""
    obj = pod(metadata="namespace: null")
    assert evaluate(Request("kube-system", pod_view(obj)), snapshot(ANY)).exemption


@pytest.mark.parametrize(
    ("obj", "warning"),
    [
        pytest.param(
            pod(metadata="annotations: {podtailor.dev/skip-containers: 'gone,app'}"),
            "unknown-container: annotation podtailor.dev/skip-containers names gone: the Pod has no such container",
            id="unknown container to skip",
        ),
        pytest.param(
            pod(container="resources: {limits: {nvidia.com/gpu: 40}}"),
            "too-many-devices: container app requests 40, more than 16: counted as one",
            id="more devices than any Node has",
        ),
        pytest.param(
            pod(metadata="labels: {podtailor.dev/workload-type: fpga}"),
            "unknown-workload-type: label podtailor.dev/workload-type: fpga is not one of gpu, stateful, arm64, general",
            id="unknown workload type",
        ),
    ],
)
def test_warns(obj: Json, warning: str) -> None:
    assert [*map(str, decide(obj, snapshot(ANY)).warnings)] == [warning]


def _memory(amount: str, name: str, head: str = "") -> Policy:
    item = f"{{type: Container, defaultRequest: {{memory: {amount}}}}}"
    return policy(f"{head}\nresources: {{limits: [{item}]}}", name=name)


AUDITED = _memory("2Gi", "audited", "priority: 9\nmode: Audit")
ENFORCED = _memory("1Gi", "enforced")


class TestModes:
    @pytest.mark.parametrize(
        ("server", "label", "own", "effective"),
        [
            (Mode.ENFORCE, None, Mode.ENFORCE, Mode.ENFORCE),
            (Mode.ENFORCE, None, Mode.AUDIT, Mode.AUDIT),
            (Mode.ENFORCE, None, Mode.OFF, Mode.OFF),
            (Mode.ENFORCE, "audit", Mode.ENFORCE, Mode.AUDIT),
            (Mode.ENFORCE, "dryrun", Mode.ENFORCE, Mode.AUDIT),
            (Mode.ENFORCE, "off", Mode.ENFORCE, Mode.OFF),
            (Mode.ENFORCE, "OFF", Mode.ENFORCE, Mode.OFF),
            (Mode.AUDIT, None, Mode.ENFORCE, Mode.AUDIT),
            (Mode.AUDIT, "enforce", Mode.ENFORCE, Mode.ENFORCE),
            (Mode.AUDIT, "enforce", Mode.AUDIT, Mode.AUDIT),
            (Mode.OFF, "enforce", Mode.ENFORCE, Mode.OFF),
            (Mode.OFF, None, Mode.ENFORCE, Mode.OFF),
            (Mode.ENFORCE, "nonsense", Mode.ENFORCE, Mode.AUDIT),
        ],
    )
    def test_weaker_of_policy_and_namespace(
        self, server: Mode, label: str | None, own: Mode, effective: Mode
    ) -> None:
        labels = {"podtailor.dev/mode": label} if label else {}
        within = snapshot(_memory("1Gi", "a", f"mode: '{own}'"), labels=labels, mode=server)
        decision = decide(pod(), within)
        changed = Mode.ENFORCE if decision.patch else Mode.AUDIT if decision.would_change else Mode.OFF
        assert changed is effective

    def test_unknown_mode_is_a_warning(self) -> None:
        decision = decide(pod(), snapshot(labels={"podtailor.dev/mode": "enforec"}))
        assert [*map(str, decision.warnings)] == [
            "unknown-mode: namespace label podtailor.dev/mode='enforec' is not enforce, audit or off: counted as audit"
        ]

    def test_audited_policy_never_overrides_an_enforced_one(self) -> None:
        within = snapshot(AUDITED, ENFORCED)
        decision = decide(pod(), within)
        assert [each.value for each in decision.outcome.changes] == ["1Gi"]
        assert [(each.policy.name, each.field, each.value) for each in decision.would_change] == [
            ("audited", "app:requests.memory", "2Gi")
        ]

    def test_audit_shows_only_the_difference(self) -> None:
        same = _memory("1Gi", "same", "mode: Audit")
        assert decide(pod(), snapshot(same, ENFORCED)).would_change == ()

    def test_without_an_audited_policy_there_is_no_second_evaluation(self) -> None:
        assert decide(pod(), snapshot(ENFORCED)).audit is None

    def test_audited_policy_enforces_no_other_policy(self) -> None:
        sends = policy("mode: Audit\nnodeSelector: {kubernetes.io/arch: arm64}")
        decision = decide(pod(), snapshot(sends, *built_in(Profile.SAFE)))
        assert [each.name for each in decision.enforced] == ["general"]
        assert {each.field for each in decision.would_change} == {
            "pod:nodeSelector.kubernetes.io/arch",
            "pod:tolerations",
        }
