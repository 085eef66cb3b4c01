"""Explanations say what evaluation did, no more and no less."""

from __future__ import annotations

from msgspec import structs

from tests.support.pods import Json, pod, policy, snapshot
from webhook.engine.explain import Explanation, JudgedImage, explain
from webhook.engine.snapshot import Request, Snapshot
from webhook.model.image_platforms import ImagePlatforms, Level
from webhook.model.pod import pod_view
from webhook.policies.shipped import Profile, built_in


def _explained(obj: Json, within: Snapshot) -> Explanation:
    return explain(Request("default", pod_view(obj)), within)


def test_every_policy_is_checked_in_order_of_precedence() -> None:
    off = policy("mode: 'Off'", name="idle")
    audited = policy("mode: Audit", name="tried")
    explanation = _explained(pod(), snapshot(*built_in(Profile.SAFE), audited, off))
    assert [
        (each.policy.name, each.mode.value, each.failure and each.failure.field)
        for each in explanation.checked
    ] == [
        ("idle", "Off", "mode"),
        ("tried", "Audit", None),
        ("gpu", "Enforce", "match.workloadTypes"),
        ("stateful", "Enforce", "match.workloadTypes"),
        ("arm64", "Enforce", "match.workloadTypes"),
        ("general", "Enforce", None),
    ]


def test_policies_that_match_are_those_of_the_decision() -> None:
    sends = policy("nodeSelector: {kubernetes.io/arch: arm64}")
    explanation = _explained(pod(), snapshot(sends, *built_in(Profile.SAFE)))
    matched = [each.policy for each in explanation.checked if each.failure is None]
    assert matched == list(explanation.decision.enforced)
    assert "arm64" in [each.name for each in matched]


def test_exempt_pod_has_a_reason_and_no_policies() -> None:
    explanation = _explained(pod("os: {name: windows}"), snapshot(*built_in(Profile.SAFE)))
    assert explanation.decision.exemption
    assert explanation.checked == ()


def test_images_are_judged_by_the_platforms_that_policies_ask_for() -> None:
    asks = policy("match: {imagePlatforms: {all: [linux/arm64]}}", name="asks")
    spares = policy("exclude: {imagePlatforms: {lacking: [linux/s390x]}}", name="spares")
    known = {"a": ImagePlatforms(runs=frozenset({"linux/arm64"}), source="Node arm-1", seen=7)}
    obj = pod("containers: [{name: a, image: a}, {name: b, image: b}]")
    within = structs.replace(snapshot(asks, spares), image_platforms=known)
    assert _explained(obj, within).images == (
        JudgedImage("a", "linux/arm64", Level.RUNS, "Node arm-1", 7),
        JudgedImage("a", "linux/s390x", Level.UNKNOWN, "Node arm-1", 7),
        JudgedImage("b", "linux/arm64", Level.UNKNOWN, "", 0),
        JudgedImage("b", "linux/s390x", Level.UNKNOWN, "", 0),
    )
    assert _explained(obj, snapshot(policy(""))).images == ()


def test_names_what_limit_ranger_says_it_set() -> None:
    value = "LimitRanger plugin set: cpu request for container app"
    obj = pod(metadata=f"annotations: {{kubernetes.io/limit-ranger: '{value}'}}")
    assert _explained(obj, snapshot()).limit_ranger == value
