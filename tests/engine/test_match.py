"""Matching: every clause of a policy's `match`, met and not met, and the words for the first that is not."""

from __future__ import annotations

import pytest
from msgspec import structs

from tests.support.pods import Json, owned, pod, policy, subject
from webhook.engine.match import clauses_of, first_failure, holds
from webhook.model.image_platforms import ImagePlatforms
from webhook.model.names import WorkloadType
from webhook.model.subject import Subject

LABELLED = pod(metadata="labels: {app: web, tier: front}\nannotations: {resize: enable}")
_LIMITS = "resources: {limits: {nvidia.com/gpu: '1'}}"
NAMESPACE = {"podtailor.dev/injection": "enabled"}


@pytest.mark.parametrize(
    ("match", "obj"),
    [
        pytest.param("{}", LABELLED, id="no clause"),
        pytest.param("{images: null, podSelector: null}", LABELLED, id="null clauses"),
        pytest.param(
            "{workloadTypes: [], podSelector: {}, namespaceSelector: {}, annotations: {}, ownerKinds: [], images: [], "
            "resources: []}",
            LABELLED,
            id="empty clauses",
        ),
        pytest.param("{workloadTypes: [GPU, General]}", LABELLED, id="any of the types"),
        pytest.param("{podSelector: {matchLabels: {app: web}}}", LABELLED, id="matchLabels"),
        pytest.param(
            "{podSelector: {matchExpressions: [{key: tier, operator: In, values: [a, front]}, {key: gone, operator: DoesNotExist}, "
            "{key: app, operator: Exists}, {key: other, operator: NotIn, values: [x]}]}}",
            LABELLED,
            id="matchExpressions, NotIn met by a missing key",
        ),
        pytest.param("{namespaceSelector: {matchLabels: {podtailor.dev/injection: enabled}}}", LABELLED, id="namespaceSelector"),
        pytest.param("{annotations: {resize: enable}}", LABELLED, id="annotations"),
        pytest.param("{ownerKinds: [StatefulSet, Pod]}", LABELLED, id="Pod: without a controller"),
        pytest.param("{ownerKinds: [Deployment]}", pod(metadata=owned("ReplicaSet", **{"pod-template-hash": "x"})), id="Deployment"),
        pytest.param("{ownerKinds: [ReplicaSet]}", pod(metadata=owned("ReplicaSet", **{"pod-template-hash": "x"})), id="its ReplicaSet too"),
        pytest.param("{images: [other, app]}", LABELLED, id="one image of one container"),
        pytest.param("{images: [late]}", pod("initContainers: [{name: i, image: late}]"), id="an init container's image"),
        pytest.param("{resources: [nvidia.com/gpu, amd.com/gpu]}", pod(container=_LIMITS), id="a limit is a request too"),
        pytest.param("{resources: ['nvidia.com/*']}", pod(container=_LIMITS), id="a glob on resources"),
        pytest.param("{resources: ['*']}", pod(container="resources: {requests: {hugepages-2Mi: 4Mi}}"), id="huge pages"),
        pytest.param(
            "{resources: [example.com/fpga]}",
            pod("initContainers: [{name: i, resources: {limits: {example.com/fpga: 1}}}]"),
            id="a resource that an init container requests",
        ),
    ],
)  # fmt: skip
def test_matches(match: str, obj: Json) -> None:
    typed = subject(obj, NAMESPACE).with_types((WorkloadType.GENERAL,))
    matching = policy(f"match: {match}")
    assert holds(clauses_of(matching), typed)
    assert first_failure(matching, typed) is None


@pytest.mark.parametrize(
    ("match", "field", "why"),
    [
        ("{workloadTypes: [GPU]}", "match.workloadTypes", "the Pod is General, not GPU"),
        (
            "{podSelector: {matchLabels: {app: api}}}",
            "match.podSelector",
            "the Pod's labels do not match app=api",
        ),
        (
            "{podSelector: {matchExpressions: [{key: tier, operator: NotIn, values: [front]}]}}",
            "match.podSelector",
            "the Pod's labels do not match tier notin (front)",
        ),
        (
            "{podSelector: {matchExpressions: [{key: x, operator: Exists}]}}",
            "match.podSelector",
            "the Pod's labels do not match x",
        ),
        (
            "{podSelector: {matchExpressions: [{key: app, operator: DoesNotExist}]}}",
            "match.podSelector",
            "the Pod's labels do not match !app",
        ),
        (
            "{namespaceSelector: {matchLabels: {team: a}}}",
            "match.namespaceSelector",
            "the labels of namespace default do not match team=a",
        ),
        (
            "{annotations: {resize: 'no'}}",
            "match.annotations",
            "the Pod's annotation resize is 'enable', not 'no'",
        ),
        ("{annotations: {x: z}}", "match.annotations", "the Pod's annotation x is None, not 'z'"),
        ("{ownerKinds: [Job]}", "match.ownerKinds", "the Pod's owner kind is Pod, not Job"),
        ("{images: [redis, a/*]}", "match.images", "no container's image matches redis or a/*"),
        ("{workloadTypes: [ARM64], images: [redis]}", "match.workloadTypes", "the Pod is General, not ARM64"),
    ],
)
def test_first_failure(match: str, field: str, why: str) -> None:
    typed = subject(LABELLED, NAMESPACE).with_types((WorkloadType.GENERAL,))
    matching = policy(f"match: {match}")
    failure = first_failure(matching, typed)
    assert not holds(clauses_of(matching), typed)
    assert failure is not None
    assert (failure.field, failure.why) == (field, why)


@pytest.mark.parametrize(
    "requests",
    [
        pytest.param("{nvidia.com/gpu: '0'}", id="none of it"),
        pytest.param("{nvidia.com/gpu: many}", id="no quantity"),
        pytest.param("{nvidia.com/GPU: '1'}", id="another name"),
        pytest.param("{cpu: '1', memory: 1Gi, ephemeral-storage: 1Gi}", id="what policies add"),
        pytest.param("null", id="nothing"),
    ],
)
def test_no_container_requests_the_resource(requests: str) -> None:
    typed = subject(pod(container=f"resources: {{requests: {requests}}}"))
    for pattern in ("nvidia.com/gpu", "*m*r*", "*gpu"):
        failure = first_failure(policy(f"match: {{resources: ['{pattern}']}}"), typed)
        assert failure is not None
        assert (failure.field, failure.why) == ("match.resources", f"no container requests {pattern}")


@pytest.mark.parametrize(
    ("exclude", "why"),
    [
        ("{ownerKinds: [Pod]}", "the Pod matches ownerKinds"),
        ("{podSelector: {matchLabels: {app: web}}, images: ['*']}", "the Pod matches podSelector and images"),
        ("{podSelector: {}, images: ['*']}", "the Pod matches images"),
    ],
)
def test_pod_that_all_clauses_of_exclude_match_is_left_out(exclude: str, why: str) -> None:
    typed = subject(LABELLED).with_types((WorkloadType.GENERAL,))
    excluding = policy(f"match: {{images: [app]}}\nexclude: {exclude}")
    assert not holds(clauses_of(excluding), typed)
    failure = first_failure(excluding, typed)
    assert failure is not None
    assert (failure.field, failure.why) == ("exclude", why)


@pytest.mark.parametrize(
    "exclude",
    [
        "null",
        "{}",
        "{images: null}",
        "{podSelector: {}, namespaceSelector: {}, images: [], resources: []}",
        "{images: [redis]}",
        "{ownerKinds: [Pod], images: [redis]}",
    ],
)
def test_pod_that_a_clause_of_exclude_does_not_match_stays(exclude: str) -> None:
    typed = subject(LABELLED).with_types((WorkloadType.GENERAL,))
    assert holds(clauses_of(policy(f"exclude: {exclude}")), typed)


ARM64 = "linux/arm64"
_LEVELS: dict[str, ImagePlatforms] = {
    "ran": ImagePlatforms(runs=frozenset({ARM64}), source="Node arm-1"),
    "both": ImagePlatforms(says=frozenset({ARM64, "linux/amd64"}), source="index"),
    "old": ImagePlatforms(says=frozenset({"linux/amd64"}), source="index"),
}


def _of_images(*images: str) -> Subject:
    first, *others = images
    init = ", ".join(f"{{name: i{at}, image: {image}}}" for at, image in enumerate(others))
    made = pod(f"containers: [{{name: app, image: {first}}}]\ninitContainers: [{init}]")
    return structs.replace(subject(made), image_platforms=_LEVELS)


@pytest.mark.parametrize(
    ("rules", "images", "why"),
    [
        ("{all: [linux/arm64]}", ("ran",), None),
        ("{all: [linux/arm64]}", ("both", "ran"), None),
        ("{all: [linux/arm64, linux/amd64]}", ("both",), None),
        ("{all: [linux/arm64, linux/amd64]}", ("both", "ran"), "image ran (Node arm-1) is not known to have or to lack linux/amd64"),
        ("{all: [linux/arm64]}", ("both", "old"), "image old (index) lacks linux/arm64"),
        ("{all: [linux/arm64]}", ("both", "new"), "image new is not known to have or to lack linux/arm64"),
        ("{all: [linux/arm64]}", ("new", "old", "newer"), "image old (index) lacks linux/arm64"),
        ("{all: [linux/arm64]}", ("new", "newer"), "image new is not known to have or to lack linux/arm64, and 1 more"),
        ("{lacking: [linux/arm64]}", ("old",), None),
        ("{lacking: [linux/arm64]}", ("both", "new", "old"), None),
        ("{lacking: [linux/arm64]}", ("both", "ran"), "no image is known to lack linux/arm64"),
        ("{lacking: [linux/arm64]}", ("both", "new"), "image new is not known to have or to lack linux/arm64"),
        ("{lacking: [linux/arm64, linux/amd64]}", ("old",), "no image is known to lack linux/amd64"),
        ("{all: [linux/amd64], lacking: [linux/arm64]}", ("old", "both"), None),
    ],
)  # fmt: skip
def test_image_platforms(rules: str, images: tuple[str, ...], why: str | None) -> None:
    asking = policy(f"match: {{imagePlatforms: {rules}}}")
    failure = first_failure(asking, _of_images(*images))
    assert (failure and failure.why) == why
    assert holds(clauses_of(asking), _of_images(*images)) is (why is None)


@pytest.mark.parametrize("rules", ["{}", "null", "{all: []}", "{all: [], lacking: null}"])
def test_empty_image_platforms_are_no_clause(rules: str) -> None:
    assert policy(f"match: {{imagePlatforms: {rules}}}").match.image_platforms is None


@pytest.mark.parametrize(
    ("exclude", "images", "why"),
    [
        ("{imagePlatforms: {all: [linux/arm64]}}", ("both",), "the Pod matches imagePlatforms"),
        ("{imagePlatforms: {all: [linux/arm64]}}", ("old",), None),
        ("{imagePlatforms: {all: [linux/arm64]}}", ("both", "new"), "image new is not known to have or to lack linux/arm64"),
        ("{imagePlatforms: {lacking: [linux/arm64]}}", ("both", "new"), "image new is not known to have or to lack linux/arm64"),
        ("{imagePlatforms: {lacking: [linux/arm64]}}", ("both", "ran"), None),
        ("{ownerKinds: [Job], imagePlatforms: {all: [linux/arm64]}}", ("new",), None),
    ],
)  # fmt: skip
def test_policy_does_not_apply_if_it_is_unknown_whether_a_pod_is_excluded(
    exclude: str, images: tuple[str, ...], why: str | None
) -> None:
    asking = policy(f"exclude: {exclude}")
    failure = first_failure(asking, _of_images(*images))
    assert (failure and (failure.field, failure.why)) == (why and ("exclude", why))
    assert holds(clauses_of(asking), _of_images(*images)) is (why is None)


def test_workload_policy_reaches_its_own_namespace_only() -> None:
    typed = subject(LABELLED).with_types((WorkloadType.GENERAL,))
    assert holds(clauses_of(policy("", kind="WorkloadPolicy", namespace="default")), typed)
    failure = first_failure(policy("", kind="WorkloadPolicy", namespace="other"), typed)
    assert failure is not None
    assert failure.why == "the policy is for namespace other, the Pod is in default"
