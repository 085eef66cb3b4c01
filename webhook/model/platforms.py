"""Pods that a platform generates, and whose resources it manages in part.

Sources: kubevirt/kubevirt `pkg/virt-controller/services/template.go` (label `kubevirt.io=virt-launcher`),
tektoncd/pipeline `pkg/pod/pod.go` and `docs/compute-resources.md` (containers `step-*`), openshift/kubernetes
`openshift-kube-apiserver/admission/autoscaling/managementcpusoverride/admission.go`.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from webhook.model.names import QOS_RESOURCES
from webhook.model.subject import Container, Subject

_PARTITIONED = "workload.openshift.io/"
_NOTHING: AbstractSet[str] = frozenset()


def is_partitioned(subject: Subject) -> bool:
    """Whether OpenShift has replaced the CPU requests of this Pod by CPU shares."""
    keys = [*(subject.metadata.annotations or ())]
    for container in subject.containers:
        keys += container.requests
    return _PARTITIONED in "\n".join(keys)


def is_step(container: Container, subject: Subject) -> bool:
    """Whether this is a step of a Tekton TaskRun: a regular container, but steps run one at a time."""
    return subject.owner == "TaskRun" and container.name.startswith("step-")


def of_unknown_need(subject: Subject) -> list[AbstractSet[str]]:
    """For each container the resources of which it may need more than its image suggests.

    A virtual machine has the size that its owner chose, devices of a resource claim have needs of their own,
    and files in a volume in memory count as the container's memory.
    """
    in_memory = {
        each.name for each in subject.spec.volumes or () if each.emptyDir and each.emptyDir.medium == "Memory"
    }
    is_virtual_machine = subject.labels.get("kubevirt.io") == "virt-launcher"
    return [
        _of_container(each, in_memory, is_virtual_machine=is_virtual_machine) for each in subject.containers
    ]


def _of_container(
    container: Container, in_memory: AbstractSet[str], *, is_virtual_machine: bool
) -> AbstractSet[str]:
    resources = container.view.resources
    if is_virtual_machine or (resources and resources.claims):
        return frozenset(QOS_RESOURCES)
    mounts = container.view.volumeMounts or ()
    if in_memory and any(each.name in in_memory for each in mounts):
        return frozenset({"memory"})
    return _NOTHING
