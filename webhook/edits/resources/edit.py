"""Give containers the requests and limits that they leave unset.

Matches  containers in the policy's scope: regular, sidecars, init containers (the safe profile: regular
         only, and never on DaemonSet Pods, which must fit on full Nodes)
Reads    containers[*].resources, spec.resources, spec.nodeName, the accelerators that containers request
Writes   containers[*].resources.requests and .limits, initContainers likewise
Leaves   every existing key, requests and limits apart, `0` included. All containers of a Pod with
         `spec.resources`, whose totals are the Pod's own; of bound Pods, which a full Node refuses if they
         request anything; of Pods whose CPU OpenShift manages; the steps of a Tekton TaskRun. BestEffort Pods
         and ephemeral-storage if a ResourceQuota of the namespace counts them. Built-in policies set no limit
         for virtual machines and containers with resource claims, and no memory limit for containers with a
         volume in memory

Requests come first, then limits, each in order of precedence; if a request ends above its limit, the assigned
one moves. What the API server would add afterwards (a request equal to an assigned limit) is written out: the
patch shows what the Pod gets.

Source: `SetDefaults_Pod` in k8s.io/kubernetes `pkg/apis/core/v1/defaults.go`, LimitRanger in
`plugin/pkg/admission/limitranger/admission.go`.
"""

from __future__ import annotations

from collections.abc import Sequence

from webhook.edits.resources.container_resources import ContainerResources, ResourceRule
from webhook.edits.resources.eligibility import covered, eligible_containers, ineligible_pod
from webhook.edits.resources.pod_totals import clamp_totals
from webhook.edits.resources.violations import report_violations
from webhook.model import platforms, quantity
from webhook.model.draft import Draft, Reason
from webhook.model.names import QOS_RESOURCES
from webhook.model.policy import Bounds, Policy
from webhook.model.subject import Subject

_EPHEMERAL = "ephemeral-storage"


def default_resources(subject: Subject, policies: Sequence[Policy], draft: Draft) -> None:
    rules = [
        ResourceRule(
            policy=policy, precedence=index, defaults=policy.resources, covers=covered(policy, subject)
        )
        for index, policy in enumerate(policies)
        if policy.resources
    ]
    reason = ineligible_pod(subject)
    if reason:
        unchanged = [ContainerResources(container) for container in subject.containers]
        for rule in rules:
            draft.skip(rule.policy, "pod:resources", reason)
            report_violations([rule], unchanged, subject, draft)
        return
    for rule in rules:
        rule.fills = eligible_containers(rule, subject, draft)
    containers = _guaranteed(rules, subject, draft) or _resolve(rules, subject, draft, guarantee=False)
    for each in containers:
        each.write(draft)
    report_violations(rules, containers, subject, draft)


def _guaranteed(rules: list[ResourceRule], subject: Subject, draft: Draft) -> list[ContainerResources] | None:
    """All containers, if a policy requests the QoS class Guaranteed and the Pod can have it; else None."""
    requesting = [rule for rule in rules if rule.defaults.guaranteed]
    if not requesting:
        return None
    trial = Draft()
    containers = _resolve(rules, subject, trial, guarantee=True)
    if all(each.is_guaranteed for each in containers):
        draft.merge(trial)
        return containers
    for rule in requesting:
        draft.skip(rule.policy, "pod:qosClass", Reason.GUARANTEED_UNREACHABLE)
    return None


def _resolve(
    rules: list[ResourceRule], subject: Subject, draft: Draft, *, guarantee: bool
) -> list[ContainerResources]:
    """All requests and limits; with `guarantee` also the limits that the QoS class Guaranteed takes."""
    counted = _EPHEMERAL if subject.namespace.counts_ephemeral_storage else None
    unknown_needs = platforms.of_unknown_need(subject)
    containers = [
        ContainerResources(container, counted, unknown_need)
        for container, unknown_need in zip(subject.containers, unknown_needs, strict=True)
    ]
    of_all = zip(containers, _container_bounds(rules, subject), strict=True)
    bounded = [(each, bounds) for each, bounds in of_all if bounds]
    for rule in rules:
        for index in rule.fills:
            _propose_requests(rule, containers[index], draft)
    for each, bounds in bounded:
        each.lower_requests(bounds)
    for rule in rules:
        for index in rule.fills:
            _propose_limits(rule, containers[index], draft)
            if guarantee and rule.defaults.guaranteed:
                _propose_limits_of_requests(rule, containers[index], draft)
    for each in containers:
        each.reconcile()
    for each, bounds in bounded:
        each.clamp(bounds, draft)
    pod_bounds = [
        each for each in (*[rule.defaults.pod for rule in rules], *subject.namespace.pod_bounds) if each
    ]
    if pod_bounds:
        clamp_totals(containers, pod_bounds, draft)
    return containers


def _container_bounds(rules: Sequence[ResourceRule], subject: Subject) -> list[list[Bounds]]:
    """The bounds of each container, by index: of rules that cover it, and of the namespace."""
    of_namespace = list(filter(None, subject.namespace.container_bounds))
    bounds: list[list[Bounds]] = [[] for _ in subject.containers]
    for rule in rules:
        if rule.defaults.container:
            for index in rule.covers:
                if subject.containers[index].name not in subject.skip_containers:
                    bounds[index].append(rule.defaults.container)
    return [[*each, *of_namespace] for each in bounds] if of_namespace else bounds


def _propose_requests(rule: ResourceRule, container: ContainerResources, draft: Draft) -> None:
    """Within a policy `perDevice` precedes `defaultRequest` if the container requests devices."""
    devices = container.container.devices.count
    per_device = rule.defaults.per_device if devices else {}
    for resource, each in per_device.items():
        amount = quantity.scaled(each, devices * 1000, resource)
        if amount:
            container.propose("requests", resource, amount, rule, draft)
        else:
            draft.skip(rule.policy, container.field("requests", resource), Reason.NO_ROOM)
    for resource, amount in rule.defaults.default_request.items():
        if resource not in per_device:
            container.propose("requests", resource, amount, rule, draft)


def _propose_limits(rule: ResourceRule, container: ContainerResources, draft: Draft) -> None:
    """Within a policy `default` precedes `limitFactor`, which multiplies the requests as they are now."""
    defaults = rule.defaults
    for resource, amount in defaults.default.items():
        container.propose("limits", resource, amount, rule, draft)
    for resource, factor in defaults.limit_factor.items():
        request = container.amount("requests", resource)
        if resource in defaults.default or request is None or request.milli <= 0:
            continue
        limit = quantity.scaled(request, factor.milli, resource)
        if limit:
            container.propose("limits", resource, limit, rule, draft)
        else:
            draft.skip(rule.policy, container.field("limits", resource), Reason.NO_ROOM)


def _propose_limits_of_requests(rule: ResourceRule, container: ContainerResources, draft: Draft) -> None:
    """Limits equal to requests, if unset. A limit without a request becomes the request by itself."""
    for resource in QOS_RESOURCES:
        request = container.amount("requests", resource)
        if request and container.amount("limits", resource) is None:
            container.propose("limits", resource, request, rule, draft)
