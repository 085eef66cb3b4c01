"""The subject of an evaluation: its containers, its owner, its labels."""

from __future__ import annotations

from tests.support.pods import pod, subject
from webhook.model.subject import ContainerKind


def test_containers_are_told_apart() -> None:
    spec = (
        "initContainers: [{name: i}, {name: s, restartPolicy: Always}, {name: f, restartPolicy: OnFailure}]"
    )
    containers = subject(pod(spec)).containers
    assert [(each.name, each.kind) for each in containers] == [
        ("app", ContainerKind.REGULAR),
        ("i", ContainerKind.INIT),
        ("s", ContainerKind.SIDECAR),
        ("f", ContainerKind.INIT),
    ]


def test_owner_is_the_controlling_one() -> None:
    owners = "ownerReferences: [{kind: PodGroup}, {kind: Job, controller: true}]"
    assert subject(pod(metadata=owners)).owner == "Job"
    assert subject(pod(metadata="ownerReferences: [{kind: Node}]")).owner is None
