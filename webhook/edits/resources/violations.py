"""Bounds that the Pod's own values violate, for warnings and denials. Assigned ones violate none."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from webhook.edits.resources import bounds
from webhook.edits.resources.container_resources import ContainerResources, ResourceRule
from webhook.edits.resources.pod_totals import total
from webhook.model.draft import Draft, Violation
from webhook.model.pod import NO_RESOURCES
from webhook.model.pod_resources import SIDES, pod_level
from webhook.model.quantity import Quantity
from webhook.model.subject import Subject
from webhook.model.text import NAME_LENGTH, truncate

# Enough to act on; a tenant who bounds many names would slow every review.
MAX_VIOLATIONS = 50


def report_violations(
    rules: Sequence[ResourceRule], containers: Sequence[ContainerResources], subject: Subject, draft: Draft
) -> None:
    """Those of policies that deny come first."""
    bounding = [rule for rule in rules if rule.defaults.container or rule.defaults.pod]
    if not bounding:
        return
    bounding.sort(key=lambda rule: not rule.defaults.deny)
    violations = itertools.chain.from_iterable(_violations(rule, containers, subject) for rule in bounding)
    draft.violations += itertools.islice(violations, MAX_VIOLATIONS)


def _violations(
    rule: ResourceRule, containers: Sequence[ContainerResources], subject: Subject
) -> Iterator[Violation]:
    yield from _of_containers(rule, containers, subject)
    for resource in bounds.resources(rule.defaults.pod):
        request, limit = _pod_amounts(containers, subject, resource)
        for message in bounds.violation_messages(rule.defaults.pod, "Pod", resource, request, limit):
            yield Violation(rule.policy, None, message)


def _of_containers(
    rule: ResourceRule, containers: Sequence[ContainerResources], subject: Subject
) -> Iterator[Violation]:
    names = bounds.resources(rule.defaults.container)
    for each in (containers[index] for index in rule.covers if names):
        if each.container.name in subject.skip_containers:
            continue
        name = truncate(each.container.name, NAME_LENGTH)
        for resource in names:
            request, limit = each.amount("requests", resource), each.amount("limits", resource)
            if subject.spec.resources is not None and not (request and limit):
                continue  # with Pod-level resources a container may leave its own unset
            messages = bounds.violation_messages(
                rule.defaults.container, "Container", resource, request, limit
            )
            for message in messages:
                yield Violation(rule.policy, name, message)


def _pod_amounts(
    containers: Sequence[ContainerResources], subject: Subject, resource: str
) -> list[Quantity | None]:
    """Request and limit of the Pod: its own, or the total of its containers."""
    pod = subject.spec.resources or NO_RESOURCES
    return [pod_level(pod, side, resource) or total(containers, side, resource) for side in SIDES]
