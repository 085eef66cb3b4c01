"""Declare how each container takes an in-place resize.

Matches  regular containers and sidecars in the policy's scope
Reads    spec.restartPolicy, containers[*].restartPolicy, containers[*].resizePolicy
Writes   containers[*].resizePolicy, initContainers[*].resizePolicy (sidecars)
Leaves   existing entries. Ordinary init containers and ephemeral containers. `RestartContainer` if the Pod or
         the container never restarts (skipped, not turned into `NotRequired`). Containers applied with a
         resizePolicy: they could not be applied again. All containers before Kubernetes 1.33, which drops
         the field

Source: `validateResizePolicy` in k8s.io/kubernetes `pkg/apis/core/validation/validation.go`; KEP-1287.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from webhook.model.draft import Draft, Reason
from webhook.model.policy import Policy
from webhook.model.subject import Container, ContainerKind, Subject

_RESIZABLE = ("cpu", "memory")


def ensure_resize_policy(subject: Subject, policies: Sequence[Policy], draft: Draft) -> None:
    for container in subject.containers:
        entries = container.view.resizePolicy
        existing = {each.resourceName: each.restartPolicy for each in entries} if entries else {}
        never_restarts = "Never" in (subject.spec.restartPolicy, container.view.restartPolicy)
        reason = _not_editable(container, subject)
        for policy in policies:
            if not policy.containers.covers(container.name, container.repository):
                continue
            if reason:
                draft.skip(policy, f"{container.name}:resizePolicy", reason)
            else:
                _ensure(container, policy, existing, draft, never_restarts=never_restarts)


def _not_editable(container: Container, subject: Subject) -> Reason | None:
    if not subject.supports_resize_policy:
        return Reason.OLD_KUBERNETES
    if container.name in subject.skip_containers:
        return Reason.SKIP_CONTAINERS
    if container.kind is ContainerKind.INIT:
        return Reason.INIT_CONTAINER
    return Reason.APPLIED if subject.declared.has_resize_policy_of(container.name) else None


def _ensure(
    container: Container, policy: Policy, existing: Mapping[str, str], draft: Draft, *, never_restarts: bool
) -> None:
    proposed = policy.resize_policy
    if container.devices.resources:
        proposed = {**proposed, **policy.accelerators.resize_policy}
    for resource in _RESIZABLE:
        restart_policy = proposed.get(resource)
        if restart_policy is None:
            continue
        field = f"{container.name}:resizePolicy.{resource}"
        if resource in existing:
            if existing[resource] != restart_policy:
                draft.skip(policy, field, Reason.KEPT)
        elif never_restarts and restart_policy == "RestartContainer":
            draft.skip(policy, field, Reason.RESTART_POLICY_NEVER)
            draft.reserve(policy, field, restart_policy)
        elif draft.claim(policy, field, restart_policy):
            entry = {"resourceName": resource, "restartPolicy": restart_policy}
            draft.append(policy, field, (*container.path, "resizePolicy"), entry)
