"""Scalars of a policy: which values are refused, where, and in which words."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.policies.documents import assert_refused

# What follows `spec:`, the column of the complaint on line 5, its field, its words.
REFUSED = [
    ("match: {ownerKinds: [CronJob]}", 24, "spec.match.ownerKinds[0]", "the Pods of a CronJob belong to its Jobs: write Job"),
    ("match: {ownerKinds: [deployment]}", 24, "spec.match.ownerKinds[0]", "'deployment' is not a kind: write Deployment"),
    ("match: {ownerKinds: [StatefulSets]}", 24, "spec.match.ownerKinds[0]", "'StatefulSets' is not a kind: write StatefulSet"),
    ("match: {images: ['redis:7']}", 20, "spec.match.images[0]", "'redis:7' matches no image: tags and digests are not compared: write redis"),
    ("containers: {images: ['a/redis@sha256:00']}", 25, "spec.containers.images[0]", "tags and digests are not compared: write a/redis"),
    ("match: {images: [Redis]}", 20, "spec.match.images[0]", "image names consist of lower case letters"),
    ("match: {images: [a//b]}", 20, "spec.match.images[0]", "no part of an image name may be empty"),
    ("match: {images: ['']}", 20, "spec.match.images[0]", "an empty pattern matches nothing"),
    ("tolerations: [{operator: Exists, effect: NoExecute, tolerationSeconds: 9223372036854775808}]", 55, "spec.tolerations[0].tolerationSeconds", "9223372036854775808 is not a 64-bit integer"),
    (f"match: {{images: ['{'*a' * 9}']}}", 20, "spec.match.images[0]", "a pattern may have at most 8 stars"),
    (
        "resources: {limits: [{type: Container, default: {cpu: 100 m}}]}",
        52,
        "spec.resources.limits[0].default.cpu",
        "'100 m' is not a quantity, such as 100m, 2, 0.5Gi or 1e3",
    ),
    ("resources: {perDevice: {memory: '0'}}", 27, "spec.resources.perDevice.memory", "0 must be above zero"),
    ("resources: {perDevice: {memory: '-1'}}", 27, "spec.resources.perDevice.memory", "-1 must be above zero"),
    ("resources: {perDevice: {nvidia.com/gpu: '1'}}", 27, "spec.resources.perDevice.nvidia.com/gpu", "nvidia.com/gpu has no default"),
    ("resources: {limitFactor: {cpu: '0.5'}}", 29, "spec.resources.limitFactor.cpu", "0.5 must be at least 1"),
    ("resources: {limits: [{type: Container, max: {'a b': '1'}}]}", 48, "spec.resources.limits[0].max.a b", "'a b' is not the name of a resource"),
    ("resources: {limits: [{type: Container, maxLimitRequestRatio: {cpu: '0.9'}}]}", 65, "spec.resources.limits[0].maxLimitRequestRatio.cpu", "0.9 must be at least 1"),
    ("resources: {limits: [{type: Pod, default: {cpu: '1'}}]}", 24, "spec.resources.limits[0]", "a Pod has no defaults"),
    ("resources: {limits: [{type: Container, default: {cpu: '1" + "0" * 32 + "'}}]}", 52, "spec.resources.limits[0].default.cpu", "is not a quantity"),
    ("nodeSelector: {" + "a" * 64 + ": c}", 18, "spec.nodeSelector." + "a" * 64, "is not a label key"),
    ("nodeSelector: {" + "a" * 254 + "/b: c}", 18, "spec.nodeSelector." + "a" * 254 + "/b", "is not a label key"),
    ('match: {images: ["a\\nb"]}', 20, "spec.match.images[0]", "a pattern must be one line"),
    ("nodeSelector: {A/a: c}", 18, "spec.nodeSelector.A/a", "'A/a' is not a label key"),
    ("match: {images: [" + "a" * 257 + "]}", 20, "spec.match.images[0]", "should have at most 256 characters"),
    ("match: {annotations: {'a b': c}}", 25, "spec.match.annotations.a b", "'a b' is not a label key"),
    ("tolerations: [{key: 'a b', operator: Exists}]", 18, "spec.tolerations[0].key", "'a b' is not a label key"),
    ("nodeSelector: {'a b': c}", 18, "spec.nodeSelector.a b", "'a b' is not a label key"),
    ("nodeSelector: {a: 'b c'}", 18, "spec.nodeSelector.a", "'b c' is not a label value"),
    ("recommend: {cpuQuantile: '1'}", 15, "spec.recommend.cpuQuantile", "'1' is not a quantile from 0.5 to 0.999, such as 0.95"),
    ("recommend: {cpuQuantile: '0.4'}", 15, "spec.recommend.cpuQuantile", "'0.4' is not a quantile"),
    ("recommend: {cpuMargin: 15%}", 15, "spec.recommend.cpuMargin", "'15%' is not a factor from 1 to 9.999, such as 1.15 for 15 % more"),
    ("recommend: {memoryMargin: '0.9'}", 15, "spec.recommend.memoryMargin", "'0.9' is not a factor"),
    ("recommend: {memoryMargin: 1.15}", 15, "spec.recommend.memoryMargin", 'must be a string: write "1.15"'),
    ("recommend: {window: 1w}", 15, "spec.recommend.window", "'1w' is not a number of days from 1d to 99d, such as 14d"),
    ("match: {imagePlatforms: {all: [arm64]}}", 34, "spec.match.imagePlatforms.all[0]", "'arm64' is not a platform: write linux/arm64"),
    ("match: {imagePlatforms: {all: [linux/x86_64]}}", 34, "spec.match.imagePlatforms.all[0]", "'linux/x86_64' is not a platform: write linux/amd64"),
    ("match: {imagePlatforms: {lacking: [windows/amd64]}}", 38, "spec.match.imagePlatforms.lacking[0]", "'windows/amd64' is not a platform, such as linux/arm64"),
    ("match: {imagePlatforms: {lacking: [linux/arm/v7]}}", 38, "spec.match.imagePlatforms.lacking[0]", "'linux/arm/v7' is not a platform, such as linux/arm64"),
    ("match: {imagePlatforms: {lacking: [linux/ARM64]}}", 38, "spec.match.imagePlatforms.lacking[0]", "'linux/ARM64' is not a platform, such as linux/arm64"),
    ("match: {resources: [memory]}", 23, "spec.match.resources[0]", "policies set memory themselves, so none can match by it: write the full name of an extended resource"),
    ("match: {resources: [gpu]}", 23, "spec.match.resources[0]", "no container can request 'gpu': write the full name of an extended resource, such as nvidia.com/gpu"),
    ("match: {resources: [requests.nvidia.com/gpu]}", 23, "spec.match.resources[0]", "'requests.nvidia.com/gpu' is a name in quotas: write nvidia.com/gpu"),
    ("match: {resources: [NVIDIA.com/gpu]}", 23, "spec.match.resources[0]", "no container can request 'NVIDIA.com/gpu'"),
    ("match: {resources: ['nvidia.com/gpu=1']}", 23, "spec.match.resources[0]", "no container can request 'nvidia.com/gpu=1'"),
    ("match: {resources: [a/b/c]}", 23, "spec.match.resources[0]", "no container can request 'a/b/c'"),
    ("match: {resources: ['']}", 23, "spec.match.resources[0]", "an empty pattern matches nothing"),
    (f"match: {{resources: ['a/{'*a' * 9}']}}", 23, "spec.match.resources[0]", "a pattern may have at most 8 stars"),
    ("match: {resources: [a/" + "b" * 255 + "]}", 23, "spec.match.resources[0]", "should have at most 256 characters"),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "column", "field", "words"), REFUSED, ids=[row[0] for row in REFUSED])
def test_refuses(tmp_path: Path, spec: str, column: int, field: str, words: str) -> None:
    assert_refused(tmp_path, spec, column, field, words)
