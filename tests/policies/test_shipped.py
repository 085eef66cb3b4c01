"""Presets: their numbers, by the manifests in examples/presets."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import structs

from tests.support.pods import Json, decide, snapshot, tailored, yaml
from tools import policies as compiled_policies
from webhook.documents.files import read_file
from webhook.errors import InputError
from webhook.model.image_platforms import AMD64, ARM64, ImagePlatforms
from webhook.model.images import repository
from webhook.policies.load import load_or_raise
from webhook.policies.shipped import preset_names, preset_text, presets
from webhook.workloads.templates import template_path

EXAMPLES = Path("examples/presets")
STAYS = {"cpu": "NotRequired", "memory": "NotRequired"}
RESTARTS = {"cpu": "NotRequired", "memory": "RestartContainer"}


def _pods(preset: str) -> list[Json]:
    """The Pods of the preset's manifest."""
    pods = []
    for document in read_file(str(EXAMPLES / f"{preset}.yaml")):
        pod = document.data
        for step in template_path(pod) or ():
            pod = pod[step]
        pods.append({"metadata": {"namespace": "default", **pod.get("metadata", {})}, "spec": pod["spec"]})
    return pods


@pytest.mark.parametrize(
    ("preset", "container", "requests", "limits", "resize"),
    [
        ("vllm-7b", "vllm", "{cpu: '2', memory: 8Gi}", "{cpu: '2', memory: 8Gi, nvidia.com/gpu: '1'}", RESTARTS),
        ("vllm-13b", "vllm", "{cpu: '4', memory: 16Gi}", "{cpu: '4', memory: 16Gi, nvidia.com/gpu: '2'}", RESTARTS),
        ("comfyui-sd15", "comfyui", "{cpu: '2', memory: 4Gi}", "{cpu: '2', memory: 4Gi, nvidia.com/gpu: '1'}", RESTARTS),
        ("comfyui-sdxl", "comfyui", "{cpu: '2', memory: 8Gi}", "{cpu: '2', memory: 8Gi, nvidia.com/gpu: '1'}", RESTARTS),
        ("qdrant", "qdrant", "{cpu: '1', memory: 2Gi}", "{cpu: '1', memory: 2Gi}", STAYS),
        ("neo4j", "neo4j", "{cpu: '1', memory: 2Gi}", "{cpu: '1', memory: 2Gi}", RESTARTS),
        ("langfuse", "web", "{cpu: '1', memory: 1Gi}", "{cpu: '1', memory: 1Gi}", RESTARTS),
        ("langfuse", "worker", "{cpu: '1', memory: 1Gi}", "{cpu: '1', memory: 1Gi}", RESTARTS),
        ("mongodb", "mongod", "{cpu: 200m, memory: 512Mi}", "{cpu: 500m, memory: 1Gi}", RESTARTS),
        ("redis", "redis", "{cpu: 100m, memory: 256Mi}", "{cpu: 500m, memory: 512Mi}", STAYS),
        ("api-server", "orders-api", "{cpu: 200m, memory: 512Mi}", "{cpu: '1', memory: 2Gi}", STAYS),
        ("web-console", "console", "{cpu: 100m, memory: 256Mi}", "{cpu: 500m, memory: 512Mi}", STAYS),
        ("exporter", "postgres-exporter", "{cpu: 50m, memory: 128Mi}", "{cpu: 200m, memory: 256Mi}", STAYS),
        ("jvm", "billing", "{cpu: 500m, memory: 1Gi}", "{memory: 1Gi}", RESTARTS),
        ("node", "storefront", "{cpu: 500m, memory: 1Gi}", "{memory: 1Gi}", RESTARTS),
        ("resize-enabled", "simulation", "{cpu: '2', memory: 4Gi}", "", STAYS),
    ],
)  # fmt: skip
def test_gives_the_container_that_it_means(
    preset: str, container: str, requests: str, limits: str, resize: dict[str, str]
) -> None:
    after = [tailored(pod, *presets([preset])) for pod in _pods(preset)]
    made = next(each for pod in after for each in pod["spec"]["containers"] if each["name"] == container)
    assert {each["resourceName"]: each["restartPolicy"] for each in made["resizePolicy"]} == resize
    resources = made["resources"]
    assert resources["requests"] == yaml(requests)
    assert resources.get("limits") == yaml(limits)


_BOTH = ImagePlatforms(says=frozenset({AMD64, ARM64}))
_KNOWN = {
    "example.com/pdf:1": ImagePlatforms(says=frozenset({AMD64})),
    "example.com/proxy:3": _BOTH,
    "example.com/catalogue:4.2": _BOTH,
}


@pytest.mark.parametrize(
    ("preset", "given"),
    [
        ("amd64-only", {"affinity"}),
        ("arm64-ready", {"affinity", "tolerations"}),
    ],
)
def test_presets_about_images_place_pods_of_which_they_are_known(preset: str, given: set[str]) -> None:
    (pod,) = _pods(preset)
    known = structs.replace(snapshot(*presets([preset])), image_platforms=_KNOWN)
    after = tailored(pod, within=known)
    assert set(after["spec"]) - set(pod["spec"]) == given
    assert tailored(pod, *presets([preset])) == pod, "nothing is known"


@pytest.mark.parametrize("preset", preset_names())
def test_touches_no_other_container(preset: str) -> None:
    """Image presets shape what they name; a Pod whose images or label are others is not matched at all."""
    for pod in _pods(preset):
        images = presets([preset])[0].containers.images
        for container in tailored(pod, *presets([preset]))["spec"]["containers"]:
            named = images is None or any(image.matches(repository(container["image"])) for image in images)
            assert ("resizePolicy" in container) is (named and bool(presets([preset])[0].resize_policy))
        pod["metadata"] = {"namespace": "default", "labels": {"podtailor.dev/preset": "another"}}
        for container in pod["spec"]["containers"]:
            container["image"] = f"example.com/not-{container['name']}"
        assert decide(pod, snapshot(*presets([preset]))).enforced == ()


def test_there_is_a_manifest_for_each() -> None:
    assert [file.stem for file in sorted(EXAMPLES.iterdir())] == preset_names()


@pytest.mark.parametrize("preset", preset_names())
def test_shown_to_a_file_is_a_policy_of_ones_own(preset: str, tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(preset_text(preset))
    assert [policy.name for policy in load_or_raise([str(tmp_path / "own.yaml")])] == [preset]


def test_unknown_ones_are_told_with_those_there_are() -> None:
    with pytest.raises(
        InputError, match="no preset 'mongo'; the presets are amd64-only, api-server, arm64-ready, "
    ):
        presets(["mongo"])


def test_what_commands_read_is_what_the_documents_say() -> None:
    assert compiled_policies.PATH.read_text() == compiled_policies.text(), "run `make generate`"
