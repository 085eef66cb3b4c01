"""Say how each container takes an in-place resize.

Matches  regular containers and sidecars in the policy's scope
Reads    spec.restartPolicy, containers[*].restartPolicy, containers[*].resizePolicy
Writes   containers[*].resizePolicy, initContainers[*].resizePolicy (sidecars)
Leaves   entries that are there; ordinary init containers and ephemeral containers; `RestartContainer`
         where the Pod or the container never restarts (left out, not turned into `NotRequired`); containers
         of a Pod that was applied with a resizePolicy, which could not be applied again; all of them on
         Kubernetes before 1.33, which drops the field

Source: `validateResizePolicy` in k8s.io/kubernetes `pkg/apis/core/validation/validation.go`; KEP-1287.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from webhook.model.draft import Draft, Reason
from webhook.model.policy import Policy
from webhook.model.subject import Container, ContainerKind, Subject

RESIZABLE = ("cpu", "memory")


def ensure_resize_policy(subject: Subject, policies: Sequence[Policy], draft: Draft) -> None:
    wishing = [policy for policy in policies if policy.resize_policy or policy.accelerators.resize_policy]
    if not wishing:
        return
    for container in subject.containers:
        there = {entry.resourceName: entry.restartPolicy for entry in container.view.resizePolicy or ()}
        never = "Never" in (subject.spec.restartPolicy, container.view.restartPolicy)
        closed = _closed(container, subject)
        for policy in wishing:
            if not policy.containers.covers(container.name, container.repository):
                continue
            if closed:
                draft.skip(policy, f"{container.name}:resizePolicy", closed)
            else:
                _ensure(container, policy, there, draft, never=never)


def _closed(container: Container, subject: Subject) -> Reason | None:
    if not subject.supports_resize_policy:
        return Reason.KUBERNETES
    if container.name in subject.skip_containers:
        return Reason.SKIP_CONTAINERS
    if container.kind is ContainerKind.INIT:
        return Reason.INIT_CONTAINER
    return Reason.APPLIED if subject.declared.has_resize_policy_of(container.name) else None


def _ensure(
    container: Container, policy: Policy, there: Mapping[str, str], draft: Draft, *, never: bool
) -> None:
    wishes = policy.resize_policy
    if container.devices.resources:
        wishes = {**wishes, **policy.accelerators.resize_policy}
    for resource in RESIZABLE:
        wish = wishes.get(resource)
        if wish is None:
            continue
        field = f"{container.name}:resizePolicy.{resource}"
        if resource in there:
            if there[resource] != wish:
                draft.skip(policy, field, Reason.KEPT)
        elif never and wish == "RestartContainer":
            draft.skip(policy, field, Reason.RESTART_POLICY_NEVER)
            draft.reserve(policy, field, wish)
        elif draft.claim(policy, field, wish):
            entry = {"resourceName": resource, "restartPolicy": wish}
            draft.append(policy, field, (*container.path, "resizePolicy"), entry)
