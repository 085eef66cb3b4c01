"""Give containers the requests and limits that nobody wrote.

Matches  containers in the policy's scope: regular, sidecars, init containers (the safe profile: regular
         only, and never on DaemonSet Pods, which must fit on full Nodes)
Reads    containers[*].resources, spec.resources, spec.nodeName, the accelerators that containers ask for
Writes   containers[*].resources.requests and .limits, initContainers likewise
Leaves   every key that is there, requests and limits apart, `0` included; all containers of a Pod with
         `spec.resources`, whose totals are the Pod's own; bound Pods, which a full Node refuses if they
         request anything; Pods whose CPU OpenShift manages; the steps of a Tekton TaskRun; BestEffort
         Pods and ephemeral-storage where a ResourceQuota of the namespace counts them. Built-in policies give
         no limit to virtual machines and containers with resource claims, and no memory limit to containers
         with a volume in memory

Requests come first, then limits, each in the order of the policies; where a request ends above its limit,
ours moves. What the API server would add after us (a request equal to a limit that we set) is written out, so
that what we say is what the Pod gets.

Source: `SetDefaults_Pod` in k8s.io/kubernetes `pkg/apis/core/v1/defaults.go`, LimitRanger in
`plugin/pkg/admission/limitranger/admission.go`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from webhook.edits.resources import bounds, sums
from webhook.edits.resources.container_resources import ContainerResources, ResourceRule
from webhook.model import platforms, quantity
from webhook.model.draft import Draft, Reason, Violation
from webhook.model.names import QOS_RESOURCES
from webhook.model.pod import NO_RESOURCES, Toleration
from webhook.model.pod_resources import SIDES, pod_level
from webhook.model.policy import Bounds, Policy
from webhook.model.quantity import Quantity
from webhook.model.subject import Container, ContainerKind, Subject
from webhook.model.text import NAME_LENGTH, truncate
from webhook.model.tolerations import is_superset

_EPHEMERAL = "ephemeral-storage"
_MEMORY_PRESSURE = Toleration(
    key="node.kubernetes.io/memory-pressure", operator="Exists", effect="NoSchedule"
)
# More says nothing more, and a tenant who writes bounds of many names would make everybody wait for it.
MAX_VIOLATIONS = 50


def default_resources(subject: Subject, policies: Sequence[Policy], draft: Draft) -> None:
    rules = [
        ResourceRule(policy, rank, policy.resources, _covered(policy, subject))
        for rank, policy in enumerate(policies)
        if policy.resources
    ]
    untouchable = _untouchable(subject)
    if untouchable:
        as_it_is = [ContainerResources(container) for container in subject.containers]
        for rule in rules:
            draft.skip(rule.policy, "pod:resources", untouchable)
            _report([rule], as_it_is, subject, draft)
        return
    for rule in rules:
        rule.fills = _shaped(rule, subject, draft)
    sheets = _guaranteed(rules, subject, draft) or _worked_out(rules, subject, draft, guarantee=False)
    for sheet in sheets:
        sheet.write(draft)
    _report(rules, sheets, subject, draft)


def _covered(policy: Policy, subject: Subject) -> Sequence[int]:
    scope, containers = policy.containers, subject.containers
    if scope.is_all:
        return range(len(containers))
    return [index for index, each in enumerate(containers) if scope.covers(each.name, each.repository)]


def _guaranteed(rules: list[ResourceRule], subject: Subject, draft: Draft) -> list[ContainerResources] | None:
    """All of the Pod's sheets where a policy wants the class and the Pod can have it; else None."""
    wanting = [rule for rule in rules if rule.defaults.guaranteed]
    if not wanting:
        return None
    trial = Draft()
    sheets = _worked_out(rules, subject, trial, guarantee=True)
    if all(sheet.is_guaranteed for sheet in sheets):
        draft.merge(trial)
        return sheets
    for rule in wanting:
        draft.skip(rule.policy, "pod:qosClass", Reason.GUARANTEED_UNREACHABLE)
    return None


def _untouchable(subject: Subject) -> Reason | None:
    if subject.spec.nodeName:
        return Reason.NODE_NAME
    if subject.spec.resources is not None:
        return Reason.POD_LEVEL_RESOURCES
    if platforms.is_partitioned(subject):
        return Reason.WORKLOAD_PARTITIONING
    namespace = subject.namespace
    # Quotas of scope BestEffort or NotBestEffort count Pods by their class: it must stay.
    counted = namespace.has_best_effort_quota
    # PodTolerationRestriction lets every Pod that is more than BestEffort tolerate this, and then looks
    # whether the namespace allows it (`plugin/pkg/admission/podtolerationrestriction/admission.go`).
    allowed = namespace.allowed_tolerations
    restricted = bool(allowed) and not any(is_superset(one, _MEMORY_PRESSURE) for one in allowed)
    if (counted or restricted) and not any(map(_has_a_class, subject.containers)):
        return Reason.QUOTA if counted else Reason.NAMESPACE
    return None


def _has_a_class(container: Container) -> bool:
    """Whether what it asks for makes its Pod more than BestEffort."""
    amounts = (
        quantity.read(container.requests[name]) for name in QOS_RESOURCES if name in container.requests
    )
    return any(amount and amount.milli > 0 for amount in amounts)


def _worked_out(
    rules: list[ResourceRule], subject: Subject, draft: Draft, *, guarantee: bool
) -> list[ContainerResources]:
    """All requests and limits; with `guarantee` the policies that want it close gaps, each in its turn."""
    counted = _EPHEMERAL if subject.namespace.counts_ephemeral_storage else None
    unknown = platforms.of_unknown_need(subject)
    sheets = [
        ContainerResources(container, counted, need)
        for container, need in zip(subject.containers, unknown, strict=True)
    ]
    for rule in rules:
        for index in rule.fills:
            _propose_requests(rule, sheets[index], draft)
    for rule in rules:
        for index in rule.fills:
            _propose_limits(rule, sheets[index], draft)
            if guarantee and rule.defaults.guaranteed:
                _close_gaps(rule, sheets[index], draft)
    kept_of = _container_bounds(rules, subject)
    for sheet, kept in zip(sheets, kept_of, strict=True):
        sheet.default_requests()
        sheet.reconcile()
        if kept:
            sheet.clamp(kept, draft)
    kept = [each for each in (*(each.defaults.pod for each in rules), *subject.namespace.pod_bounds) if each]
    if kept:
        sums.fit_pod(sheets, kept, draft)
    return sheets


def _container_bounds(rules: Sequence[ResourceRule], subject: Subject) -> list[list[Bounds]]:
    """For each container what it must keep to."""
    kept: list[list[Bounds]] = [[] for _ in subject.containers]
    for rule in rules:
        if rule.defaults.container:
            for index in rule.covers:
                if subject.containers[index].name not in subject.skip_containers:
                    kept[index].append(rule.defaults.container)
    of_namespace = [each for each in subject.namespace.container_bounds if each]
    return [[*each, *of_namespace] for each in kept] if of_namespace else kept


def _report(
    rules: list[ResourceRule], sheets: list[ContainerResources], subject: Subject, draft: Draft
) -> None:
    """What the Pod's own values break: ours break nothing. Those who deny are heard first."""
    bounding = [rule for rule in rules if rule.defaults.container or rule.defaults.pod]
    if not bounding:
        return
    heard = sorted(bounding, key=lambda rule: not rule.defaults.deny)
    found = itertools.chain.from_iterable(_violations(rule, sheets, subject) for rule in heard)
    draft.violations += itertools.islice(found, MAX_VIOLATIONS)


def _violations(
    rule: ResourceRule, sheets: list[ContainerResources], subject: Subject
) -> Iterator[Violation]:
    kept = rule.defaults.container
    names = bounds.resources(kept)
    for sheet in (sheets[index] for index in rule.covers if names):
        if sheet.container.name in subject.skip_containers:
            continue
        for resource in names:
            request, limit = sheet.amount("requests", resource), sheet.amount("limits", resource)
            if subject.spec.resources is not None and not (request and limit):
                continue  # the Pod is sized as a whole: what its container leaves open, it may
            for message in bounds.violation_messages(kept, "Container", resource, request, limit):
                yield Violation(rule.policy, truncate(sheet.container.name, NAME_LENGTH), message)
    for resource in bounds.resources(rule.defaults.pod):
        request, limit = _sums(sheets, subject, resource)
        for message in bounds.violation_messages(rule.defaults.pod, "Pod", resource, request, limit):
            yield Violation(rule.policy, None, message)


def _sums(sheets: list[ContainerResources], subject: Subject, resource: str) -> list[Quantity | None]:
    """The Pod's request and limit."""
    pod = subject.spec.resources or NO_RESOURCES
    return [pod_level(pod, side, resource) or sums.total(sheets, side, resource) for side in SIDES]


def _shaped(rule: ResourceRule, subject: Subject, draft: Draft) -> list[int]:
    shaped = []
    for index in rule.covers:
        container = subject.containers[index]
        closed = _closed(rule.policy, container, subject)
        if closed:
            draft.skip(rule.policy, f"{container.name}:resources", closed)
        else:
            shaped.append(index)
    return shaped


def _closed(policy: Policy, container: Container, subject: Subject) -> Reason | None:
    if container.name in subject.skip_containers:
        return Reason.SKIP_CONTAINERS
    if policy.regular_containers_only and subject.is_daemon:
        return Reason.DAEMON_SET
    if policy.regular_containers_only and container.kind is not ContainerKind.REGULAR:
        return Reason.INIT_CONTAINER
    return Reason.SEQUENTIAL if platforms.is_step(container, subject) else None


def _propose_requests(rule: ResourceRule, sheet: ContainerResources, draft: Draft) -> None:
    """Within a policy `perDevice` comes before `defaultRequest` where a container asks for devices."""
    devices = sheet.container.devices.count
    per_device = rule.defaults.per_device if devices else {}
    for resource, each in per_device.items():
        amount = quantity.scaled(each, devices * 1000, resource)
        if amount:
            sheet.propose("requests", resource, amount, rule, draft)
        else:
            draft.skip(rule.policy, sheet.field("requests", resource), Reason.NO_ROOM)
    for resource, amount in rule.defaults.default_request.items():
        if resource not in per_device:
            sheet.propose("requests", resource, amount, rule, draft)


def _propose_limits(rule: ResourceRule, sheet: ContainerResources, draft: Draft) -> None:
    """Within a policy `default` comes before `limitFactor`, which multiplies requests as they stand now."""
    defaults = rule.defaults
    for resource, amount in defaults.default.items():
        sheet.propose("limits", resource, amount, rule, draft)
    for resource, factor in defaults.limit_factor.items():
        request = sheet.amount("requests", resource)
        if resource in defaults.default or request is None or request.milli <= 0:
            continue
        limit = quantity.scaled(request, factor.milli, resource)
        if limit:
            sheet.propose("limits", resource, limit, rule, draft)
        else:
            draft.skip(rule.policy, sheet.field("limits", resource), Reason.NO_ROOM)


def _close_gaps(rule: ResourceRule, sheet: ContainerResources, draft: Draft) -> None:
    """Give a limit to every request without one; a limit without request becomes one by itself."""
    for resource in QOS_RESOURCES:
        request = sheet.amount("requests", resource)
        if request and sheet.amount("limits", resource) is None:
            sheet.propose("limits", resource, request, rule, draft)
