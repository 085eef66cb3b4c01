"""Pods and containers that must not be given requests or limits, and why."""

from __future__ import annotations

from collections.abc import Sequence

from webhook.edits.resources.container_resources import ResourceRule
from webhook.model import platforms, quantity
from webhook.model.draft import Draft, Reason
from webhook.model.names import QOS_RESOURCES
from webhook.model.pod import Toleration
from webhook.model.policy import Policy
from webhook.model.subject import Container, ContainerKind, Subject
from webhook.model.tolerations import is_superset

_MEMORY_PRESSURE = Toleration(
    key="node.kubernetes.io/memory-pressure", operator="Exists", effect="NoSchedule"
)


def ineligible_pod(subject: Subject) -> Reason | None:
    if subject.spec.nodeName:
        return Reason.NODE_NAME
    if subject.spec.resources is not None:
        return Reason.POD_LEVEL_RESOURCES
    if platforms.is_partitioned(subject):
        return Reason.WORKLOAD_PARTITIONING
    return _must_stay_best_effort(subject)


def _must_stay_best_effort(subject: Subject) -> Reason | None:
    namespace = subject.namespace
    # Quotas of scope BestEffort or NotBestEffort count Pods by QoS class.
    is_counted = namespace.has_best_effort_quota
    # PodTolerationRestriction lets every Pod that is not BestEffort tolerate memory pressure, and then checks
    # that against the namespace (`plugin/pkg/admission/podtolerationrestriction/admission.go`).
    allowed = namespace.allowed_tolerations
    is_restricted = bool(allowed) and not any(is_superset(each, _MEMORY_PRESSURE) for each in allowed)
    if (is_counted or is_restricted) and not any(map(_requests_anything, subject.containers)):
        return Reason.QUOTA if is_counted else Reason.NAMESPACE
    return None


def _requests_anything(container: Container) -> bool:
    """Whether its requests make the Pod more than BestEffort."""
    amounts = (
        quantity.read(container.requests[name]) for name in QOS_RESOURCES if name in container.requests
    )
    return any(amount and amount.milli > 0 for amount in amounts)


def eligible_containers(rule: ResourceRule, subject: Subject, draft: Draft) -> list[int]:
    """Indexes of the containers that the rule may fill; the others are skipped."""
    eligible = []
    for index in rule.covers:
        container = subject.containers[index]
        reason = _ineligible_container(rule.policy, container, subject)
        if reason:
            draft.skip(rule.policy, f"{container.name}:resources", reason)
        else:
            eligible.append(index)
    return eligible


def _ineligible_container(policy: Policy, container: Container, subject: Subject) -> Reason | None:
    if container.name in subject.skip_containers:
        return Reason.SKIP_CONTAINERS
    if policy.regular_containers_only and subject.is_daemon:
        return Reason.DAEMON_SET
    if policy.regular_containers_only and container.kind is not ContainerKind.REGULAR:
        return Reason.INIT_CONTAINER
    return Reason.SEQUENTIAL if platforms.is_step(container, subject) else None


def covered(policy: Policy, subject: Subject) -> Sequence[int]:
    """Indexes of the containers in the policy's scope."""
    scope, containers = policy.containers, subject.containers
    if scope.is_all:
        return range(len(containers))
    return [index for index, each in enumerate(containers) if scope.covers(each.name, each.repository)]
