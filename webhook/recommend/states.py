"""Owners as rules see them, made from a template and from live Pods. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct, structs

from webhook.engine.classify import classify
from webhook.engine.snapshot import Request, Snapshot
from webhook.model.images import repository
from webhook.model.names import QOS_RESOURCES
from webhook.model.pod import ResourceList
from webhook.model.policy import Policy
from webhook.model.quantity import read
from webhook.model.subject import ContainerKind
from webhook.recommend.owner import ContainerState, OwnerState, Size
from webhook.recommend.recommend import RulesOf
from webhook.recommend.rules import Rules, rules_for
from webhook.resize.pod import Container, Pod, Spec
from webhook.resize.runtimes import keeps_memory
from webhook.usage.measured import ContainerOfPod, Measured, NamespaceUsage
from webhook.workloads.workload import Workload


class Found(Struct, frozen=True, kw_only=True):
    """An owner with what policies say about it."""

    workload: Workload
    """Its template."""
    state: OwnerState
    policies: tuple[Policy, ...] = ()
    """Those that match its Pods, in order of precedence."""
    images: Mapping[str, str] = {}
    """By container, the repository of its image."""

    def rules(self, defaults: Rules) -> RulesOf:
        def of(container: ContainerState) -> Rules:
            return rules_for(defaults, self.policies, container.name, self.images.get(container.name, ""))

        return of


def found(workload: Workload, template: Spec, pods: Sequence[Pod], snapshot: Snapshot) -> Found:
    """Without Pods the template says how its Pods would be, with what admission makes of it.

    `template`: of the same object as the workload.
    """
    subject = snapshot.subject(Request(workload.ref.namespace, workload.admitted))
    typed = subject.with_types(classify(subject).types)
    written = {each.name: each for each in _all(template)}
    live = {each.name: each for each in _usual([_all(pod.spec) for pod in pods])}
    kinds = {each.name: _kind(each, pod.spec) for pod in pods for each in _all(pod.spec)}
    kinds |= {each.name: each.kind for each in subject.containers}
    states: dict[str, ContainerState] = {}
    for each in subject.containers:
        runtime = keeps_memory(written[each.name]) if each.name in written else ""
        sizes = _sizes(each.requests, each.limits)
        states[each.name] = ContainerState(
            name=each.name, kind=each.kind, sizes=sizes, runtime=runtime, devices=each.devices.count
        )
    for name, container in live.items():
        requests, limits = container.resources.requests or {}, container.resources.limits or {}
        states[name] = ContainerState(
            name=name,
            kind=kinds[name],
            sizes=_sizes(requests, limits),
            runtime=keeps_memory(container),
            devices=snapshot.accelerators.devices(requests, limits).count,
            is_in_template=name in written,
        )
    count = len(pods) or workload.replicas
    return Found(
        workload=workload,
        state=OwnerState(
            ref=workload.ref,
            containers=tuple(each for name, each in states.items() if name in live or not pods),
            types=typed.types,
            pods=count,
            most_pods=max(count, workload.replicas),
            has_pod_level=subject.spec.resources is not None,
            container_bounds=subject.namespace.container_bounds,
            pod_bounds=subject.namespace.pod_bounds,
        ),
        policies=tuple(snapshot.policies.matching(typed)),
        images={name: repository(each.image) for name, each in {**written, **live}.items()},
    )


def _all(spec: Spec) -> list[Container]:
    return [*spec.containers, *(spec.initContainers or ())]


def _kind(container: Container, spec: Spec) -> ContainerKind:
    if container in spec.containers:
        return ContainerKind.REGULAR
    return ContainerKind.SIDECAR if container.restartPolicy == "Always" else ContainerKind.INIT


def _usual(pods: Iterable[Sequence[Container]]) -> list[Container]:
    """Each container as most of the Pods have it: some may be resized, or of an older template."""
    sizes: dict[str, Counter[str]] = {}
    examples: dict[tuple[str, str], Container] = {}
    for containers in pods:
        for each in containers:
            written = repr(each.resources)
            sizes.setdefault(each.name, Counter())[written] += 1
            examples.setdefault((each.name, written), each)
    return [examples[name, count.most_common(1)[0][0]] for name, count in sizes.items()]


def _sizes(requests: ResourceList, limits: ResourceList) -> Mapping[str, Size]:
    def amount(amounts: ResourceList, resource: str) -> int | None:
        """0 requests nothing, and is no limit."""
        found = read(amounts[resource]) if resource in amounts else None
        return (found and found.milli) or None

    return {
        resource: Size(amount(requests, resource), amount(limits, resource)) for resource in QOS_RESOURCES
    }


def with_limits(usage: NamespaceUsage, pods: Iterable[Pod]) -> NamespaceUsage:
    """With the limits of live Pods where the source does not say with which they were measured.

    After an OOM kill the memory limit may be the answer to it, so it is not taken for the one at the kill.
    """
    known = {(pod.name, each.name): each for pod in pods for each in _all(pod.spec)}
    containers: dict[ContainerOfPod, Measured] = {}
    for key, measured in usage.containers.items():
        container = known.get((key.pod, key.container))
        sizes = _sizes({}, container.resources.limits or {}) if container else {}
        cpu, memory = (sizes.get(name, Size()).limit for name in QOS_RESOURCES)
        containers[key] = structs.replace(
            measured,
            cpu_limit=cpu if measured.cpu_limit is None else measured.cpu_limit,
            memory_limit=memory
            if measured.memory_limit is None and measured.oom_killed_at is None
            else measured.memory_limit,
        )
    return structs.replace(usage, containers=containers)
