"""When a Pod is not resized, and what its user is told first. Pure; each rule is a row of `REFUSALS`.

What the API server refuses: `ValidatePodResize` in k8s.io/kubernetes `pkg/apis/core/validation`, and the
admission plugins LimitRanger, ResourceQuota and PodResizeValidator (1.36). It is asked itself, by a dry run;
here stands what it accepts on some version and a kubelet cannot do, or does at a price.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from webhook.engine.qos import QOSClass, qos_class
from webhook.model.names import QOS_RESOURCES
from webhook.model.notice import Notice
from webhook.model.pod_resources import SIDES, RequestsAndLimits, aggregate
from webhook.model.quantity import milli, of_milli
from webhook.model.subject import ContainerKind
from webhook.resize.facts import Case
from webhook.resize.pod import Field, Pod, Values
from webhook.resize.runtimes import sized_at_start

Rule = Callable[[Case], Iterator[Notice]]
_FIRST_VERSION = 33
_MEMORY_DECREASES = 34
_POD_LEVEL = 36
_INIT_CONTAINERS = 36
_CLAIMS = 37


def left_out(pod: Pod) -> Notice | None:
    """Why a resize has nothing to do with it, which keeps no other Pod from being resized."""
    if pod.status.phase in ("Succeeded", "Failed"):
        return Notice("gone", "it has ended")
    return None if pod.node else Notice("not-running", "it is not on a Node yet, so it keeps its size")


def _cannot_be_resized(case: Case) -> Iterator[Notice]:
    pod = case.pod
    if pod.metadata.deletionTimestamp:
        yield Notice("not-resizable", "it is being deleted")
    elif pod.is_static:
        yield Notice("not-resizable", "it is a static Pod: change its file on the Node")
    elif pod.spec.os.name == "windows":
        yield Notice("not-resizable", "Windows containers cannot be resized")


def _needs_newer_kubernetes(case: Case) -> Iterator[Notice]:
    """The older of the API server and the kubelet decides."""
    oldest = case.version
    if oldest is None:
        yield Notice("unknown-version", "neither the API server nor its Node says which Kubernetes this is")
        return
    needed = [(_FIRST_VERSION, "a resize of running Pods")]
    if case.pod.spec.resources:
        needed.append((_POD_LEVEL, "a resize of Pods with Pod-level resources"))
    for container in case.changed_containers():
        if case.pod.is_init(container.name) and container.restartPolicy != "Always":
            needed.append((_INIT_CONTAINERS, f"a resize of the init container {container.name}"))
        if container.resources.claims:
            needed.append((_CLAIMS, f"a resize of {container.name}, which has resource claims,"))
    for each in case.changes:
        if each.is_smaller_memory_limit and not case.container_of(each).restarts_for("memory"):
            what = "a lower" if each.before else "a new"
            needed.append((_MEMORY_DECREASES, f"{what} memory limit without a restart"))
    for version, what in needed:
        if oldest < version:
            yield Notice("needs-newer-kubernetes", f"{what} needs 1.{version}, and this is 1.{oldest}")


def _changes_qos(case: Case) -> Iterator[Notice]:
    if case.pod.spec.resources:
        return
    before = case.pod.status.qosClass or _qos(case.pod, case.pod.values())
    after = _qos(case.pod, case.after)
    if before == QOSClass.BEST_EFFORT:
        yield Notice("qos-class", "it is BestEffort, and a resize cannot make it anything else")
    elif before != after:
        equal = ": requests and limits must stay equal, as by REQUEST:="
        why = equal if before == QOSClass.GUARANTEED else ""
        yield Notice("qos-class", f"it would become {after}, and a resize must keep it {before}{why}")


def _request_above_limit(case: Case) -> Iterator[Notice]:
    after = case.after
    for container, resource in dict.fromkeys(
        (each.field.container, each.field.resource) for each in case.changes
    ):
        request, limit = (after.get(Field(container, side, resource)) for side in SIDES)
        if request and limit and request.milli > limit.milli:
            yield Notice(
                "request-above-limit",
                f"{container}: a {resource} request of {request} is above the limit of {limit}: "
                "change both, as REQUEST:LIMIT, or as REQUEST:= if they are equal",
            )


def _limit_of_nothing(case: Case) -> Iterator[Notice]:
    for each in case.changes:
        if each.field.side == "limits" and not each.after.milli:
            yield Notice(
                "limit-of-nothing",
                f"{each.field.container}: a {each.field.resource} limit of 0 is none to a kubelet, and a "
                "limit cannot be taken away from a Pod that runs",
            )


def _would_restart(case: Case) -> Iterator[Notice]:
    restarts = case.restarts()
    if restarts and not case.allowed.restart:
        yield Notice(
            "would-restart", f"its resizePolicy restarts {', '.join(restarts)}: --allow-restart permits that"
        )


def _below_usage(case: Case) -> Iterator[Notice]:
    for each in case.changes:
        if not each.is_smaller_memory_limit or not case.allowed.margin_milli:
            continue
        measured = case.facts.usage.get(case.pod.name)
        used = measured and measured.containers.get(each.field.container)
        if not used:
            yield Notice(
                "unknown-usage",
                f"{each.field.container}: what it uses now is not known, and a memory limit of {each.after} "
                "may be below it",
            )
        elif each.after.milli * 1000 < used.memory * case.allowed.margin_milli:
            margin = f"{case.allowed.margin_milli / 1000:g}"
            cache = " with page cache" if measured and measured.has_cache else ""
            yield Notice(
                "below-usage",
                f"{each.field.container}: {each.after} is below {margin} x {mebibytes(used.memory)}, "
                f"its memory{cache}",
            )


def _sized_at_start(case: Case) -> Iterator[Notice]:
    for each in case.changes:
        container = case.container_of(each)
        runtime = sized_at_start(container)
        in_place = not container.restarts_for("memory")
        if each.is_smaller_memory_limit and runtime and in_place and not case.allowed.restart:
            yield Notice(
                "sized-at-start",
                f"{container.name}: {runtime} decides at its start how much memory it uses, so with less it "
                "may be killed: --allow-restart permits that",
            )


def _node_is_full(case: Case) -> Iterator[Notice]:
    for resource in QOS_RESOURCES:
        added = added_requests(case)[resource]
        allocatable = case.node.allocatable.get(resource)
        requested = case.node.requested.get(resource, 0)
        needed = counted_requests(case.pod)[resource] + added
        if added <= 0 or allocatable is None:
            continue
        if needed > allocatable:
            yield Notice(
                "node-too-small",
                f"its Node has {of_milli(allocatable)} of {resource} in all and this needs "
                f"{of_milli(needed)}: it never fits",
            )
        elif requested + added > allocatable and not case.allowed.waiting:
            room = of_milli(max(0, allocatable - requested))
            yield Notice(
                "node-full",
                f"its Node has {room} of {resource} left and this needs {of_milli(added)} more; a resize "
                "that waits keeps other Pods off the Node: --on-deferred wait permits that",
            )


REFUSALS: tuple[Rule, ...] = (
    _cannot_be_resized,
    _needs_newer_kubernetes,
    _changes_qos,
    _request_above_limit,
    _limit_of_nothing,
    _would_restart,
    _below_usage,
    _sized_at_start,
    _node_is_full,
)


def counted_requests(pod: Pod) -> dict[str, int]:
    """By resource, in thousandths: what its kubelet and the scheduler count for a Pod, with its overhead.

    The larger of spec and allocated: a Deferred raise counts (kubernetes#135107).
    """
    whole, overhead = pod.spec.resources, pod.spec.overhead or {}
    return {
        resource: milli(overhead.get(resource))
        + (
            milli(whole.requests[resource])
            if whole and whole.requests and resource in whole.requests
            else max(_requested(pod, pod.values(), resource), _requested(pod, pod.allocated(), resource))
        )
        for resource in QOS_RESOURCES
    }


def added_requests(case: Case) -> dict[str, int]:
    """By resource, in thousandths: what the Pod requests more than its Node counts for it now."""
    if case.pod.spec.resources:
        return dict.fromkeys(QOS_RESOURCES, 0)
    counted, overhead = counted_requests(case.pod), case.pod.spec.overhead or {}
    return {
        resource: _requested(case.pod, case.after, resource)
        + milli(overhead.get(resource))
        - counted[resource]
        for resource in QOS_RESOURCES
    }


def _requested(pod: Pod, values: Values, resource: str) -> int:
    amounts: list[tuple[ContainerKind, int]] = []
    init = [
        (each, ContainerKind.SIDECAR if each.restartPolicy == "Always" else ContainerKind.INIT)
        for each in pod.spec.initContainers or ()
    ]
    for container, kind in [*((each, ContainerKind.REGULAR) for each in pod.spec.containers), *init]:
        value = values.get(Field(container.name, "requests", resource))
        amounts.append((kind, value.milli if value else 0))
    return aggregate(amounts)


def _qos(pod: Pod, values: Values) -> QOSClass:
    """With a limit as the request where none is set, as the API server stores it."""
    units = []
    for container in pod.containers():
        sides: dict[str, dict[str, str]] = {"requests": {}, "limits": {}}
        for (name, side, resource), value in values.items():
            if name == container.name:
                sides[side][resource] = value.text
        units.append(RequestsAndLimits({**sides["limits"], **sides["requests"]}, sides["limits"]))
    return qos_class(units)


def mebibytes(milli: int) -> str:
    """Thousandths of bytes, rounded up, for people."""
    return f"{-(-milli // (1000 * 2**20))}Mi"
