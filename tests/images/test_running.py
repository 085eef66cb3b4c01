"""What Pods and Nodes say about where images run."""

from __future__ import annotations

import msgspec
import pytest

from tests.support.pods import Json
from webhook.images.running import RunningPod, digest_of, platform_of, pull_secrets_by_image, where_images_run
from webhook.model.image_platforms import ARM64, Level

DIGEST = f"sha256:{'a' * 64}"
NODES = {"arm-1": "linux/arm64", "arm-2": "linux/arm64", "x-1": "linux/amd64", "new": ""}


def _pod(node: str = "arm-1", image: str = "web:1", kind: str = "container", **status: object) -> Json:
    found = {"name": "app", "imageID": f"docker.io/library/web@{DIGEST}", **status}
    return {
        "spec": {"nodeName": node, f"{kind}s": [{"name": "app", "image": image}]},
        "status": {f"{kind}Statuses": [found]},
    }


def _where(*pods: Json) -> list[tuple[str, ...]]:
    read = (msgspec.convert(each, RunningPod) for each in pods)
    return [
        (each.ref, each.digest, *each.platforms, each.source) for each in where_images_run(read, NODES, now=7)
    ]


ON_ARM_1 = ("docker.io/library/web:1", DIGEST, ARM64, "Node arm-1")
ENDED = {"terminated": {"exitCode": 0}}


@pytest.mark.parametrize(
    "pod",
    [
        pytest.param(_pod(ready=True), id="a container that is ready"),
        pytest.param(_pod(state=ENDED), id="one of a Job that has ended well"),
        pytest.param(_pod(kind="initContainer", ready=True), id="a sidecar"),
        pytest.param(_pod(kind="initContainer", state=ENDED), id="an init container that has ended well"),
        pytest.param(_pod(ready=True, imageID=f"docker-pullable://web@{DIGEST}"), id="with Docker"),
        pytest.param(_pod(image="docker.io/library/web:1", ready=True), id="with its whole name"),
    ],
)
def test_runs(pod: Json) -> None:
    assert _where(pod) == [ON_ARM_1]


@pytest.mark.parametrize(
    "pod",
    [
        pytest.param(_pod(ready=False), id="not ready"),
        pytest.param(_pod(state={"waiting": {"reason": "CrashLoopBackOff"}}), id="crashing"),
        pytest.param(_pod(state={"terminated": {"exitCode": 255}}), id="ended with an error"),
        pytest.param(_pod(node="gone", ready=True), id="on a Node that is gone"),
        pytest.param(_pod(node="new", ready=True), id="on a Node without labels"),
        pytest.param(_pod(image="", ready=True), id="without an image"),
        pytest.param(_pod(image="NO:1:2", ready=True), id="with what is no image"),
        pytest.param({**_pod(ready=True), "spec": {"nodeName": "arm-1"}}, id="a container that is not in the spec"),
        pytest.param({"spec": {"nodeName": "arm-1"}, "status": {"ephemeralContainerStatuses": [{"name": "app", "ready": True}]}}, id="an ephemeral container"),
        pytest.param({}, id="an empty Pod"),
    ],
)  # fmt: skip
def test_proves_nothing(pod: Json) -> None:
    assert _where(pod) == []


def test_one_piece_for_each_platform_and_digest_from_the_first_node() -> None:
    other = f"web@sha256:{'b' * 64}"
    pods = [
        _pod("arm-2", ready=True),
        _pod("arm-1", ready=True),
        _pod("x-1", ready=True),
        _pod("x-1", ready=True, imageID=other),
    ]
    x_1 = ("docker.io/library/web:1", DIGEST, "linux/amd64", "Node x-1")
    expected = [x_1, ON_ARM_1, (*x_1[:1], f"sha256:{'b' * 64}", *x_1[2:])]
    assert _where(*pods) == expected
    assert _where(*reversed(pods)) == expected


def test_pieces_are_of_now_and_sure() -> None:
    (piece,) = where_images_run([msgspec.convert(_pod(ready=True), RunningPod)], NODES, now=7)
    assert (piece.seen, piece.level) == (7, Level.RUNS)


@pytest.mark.parametrize(
    ("image_id", "digest"),
    [
        (f"docker.io/library/web@{DIGEST}", DIGEST),
        (f"docker-pullable://web@{DIGEST}", DIGEST),
        (DIGEST, ""),
        (f"docker://{DIGEST}", ""),
        ("", ""),
    ],
)
def test_digest(image_id: str, digest: str) -> None:
    assert digest_of(image_id) == digest


def test_platform_of_a_node() -> None:
    labels = {"kubernetes.io/arch": "arm64", "kubernetes.io/os": "linux"}
    assert platform_of(labels) == ARM64
    assert platform_of({**labels, "kubernetes.io/os": "windows"}) == "windows/arm64"
    assert platform_of({"kubernetes.io/arch": "arm64"}) == ""


def test_pull_secrets_are_those_of_all_pods_with_an_image() -> None:
    def pod(namespace: str, image: str, *names: str) -> RunningPod:
        made = _pod(image=image)
        made["metadata"] = {"namespace": namespace}
        made["spec"]["imagePullSecrets"] = [{"name": name} for name in names]
        return msgspec.convert(made, RunningPod)

    pods = [
        pod("a", "web:1", "x", ""),
        pod("b", "docker.io/web:1", "x"),
        pod("a", "api:1"),
        pod("a", "NO:1:2", "x"),
    ]
    assert pull_secrets_by_image(pods) == {"docker.io/library/web:1": {("a", "x"), ("b", "x")}}
