"""Pods and containers that must not be given requests or limits.

`webhook.edits.resources.eligibility` in CEL.

Quotas and the namespace's allowed tolerations are out of the API server's sight here: the exporter says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from webhook.export.cel import values as cel
from webhook.export.cel.values import Any_, Bool, Int, List, Text
from webhook.export.pod import NO_ITEMS, NO_MAP, NO_TEXT, SPEC, Container, Pod
from webhook.export.rules import Rules
from webhook.export.scope import covers
from webhook.model.policy import Policy

# From 1.37 on, empty Pod-level resources count as unset (`webhook.engine.snapshot`).
_EMPTY_IS_UNSET = 37
_MAX_CHARACTERS = 600
_CHARACTERS_OF_POLICY = 3
_PARTITIONED = "workload.openshift.io/"


def is_eligible_pod(rules: Rules) -> Bool:
    is_bound = SPEC.maybe("nodeName", default=NO_TEXT) != ""
    return ~is_bound & ~_has_resources(rules.kubernetes) & ~_is_partitioned(rules.pod)


def _has_resources(kubernetes: int | None) -> Bool:
    if kubernetes is None or kubernetes < _EMPTY_IS_UNSET:
        return SPEC.has("resources")
    sides = [SPEC.maybe("resources", side, default=NO_MAP) for side in ("requests", "limits")]
    return cel.any_of(*(side.size() > 0 for side in sides))


def _is_partitioned(pod: Pod) -> Bool:
    """OpenShift has replaced the CPU requests by CPU shares."""
    by_annotation = pod.annotations.keys().exists(lambda key: key.contains(_PARTITIONED))
    return by_annotation | pod.containers.exists(
        lambda one: one.requests.keys().exists(lambda resource: resource.contains(_PARTITIONED))
    )


def covered(rules: Rules, positions: Sequence[int]) -> List[List[Bool]]:
    """For each container, whether each of these policies matches the Pod and has the container in its scope.

    None has a container that the annotation `skip-containers` names.
    """
    containers, let = rules.pod.containers, rules.program.let
    parts = [
        let(f"resourcesCovered{number}", containers.map(_covered_by(rules, part)))
        for number, part in enumerate(_affordable(rules, positions))
    ]
    if len(parts) == 1:
        return parts[0]

    def whole(index: Int, one: Container) -> List[Bool]:
        del one
        return cel.list_of([part[index] for part in parts], cel.listed(Bool)).flatten()

    return let("resourcesCovered", containers.each(whole))


def _covered_by(rules: Rules, positions: Sequence[int]) -> Callable[[Container], List[Bool]]:
    nobody = cel.list_of([cel.boolean(False)] * len(positions), Bool)

    def of_container(one: Container) -> List[Bool]:
        tests = [rules.applies(at) & covers(rules.policies[at].containers, one) for at in positions]
        return cel.when(one.is_skipped, nobody, cel.list_of(tests, Bool))

    return of_container


def _affordable(rules: Rules, positions: Sequence[int]) -> list[list[int]]:
    """In parts that the API server evaluates within its budget of an expression, for 250 containers.

    It charges for the characters of a regular expression times those of the text: for 600 characters and
    images of 100 some 400,000 of 1,000,000. Source: `perCallLimit` in k8s.io/apiserver
    `pkg/apis/cel/config.go`, `matches` in google/cel-go `checker/cost.go`.
    """
    parts: list[list[int]] = [[]]
    cost = 0
    for at in positions:
        each = _CHARACTERS_OF_POLICY + _pattern_characters(rules.policies[at])
        if parts[-1] and cost + each > _MAX_CHARACTERS:
            parts.append([])
            cost = 0
        parts[-1].append(at)
        cost += each
    return parts


def _pattern_characters(policy: Policy) -> int:
    scope = policy.containers
    globs = [*(scope.names or ()), *(glob for each in scope.images or () for glob in each.globs)]
    return sum(len(str(each)) for each in globs)


class Fillable:
    """For each container, whether anything may be given to it, and whether the safe profile may give it."""

    def __init__(self, rules: Rules) -> None:
        pod = rules.pod
        self._at_all = rules.program.let("fillable", pod.containers.map(lambda one: ~_is_step(one, pod)))
        self._safely = rules.program.let(
            "fillableSafely", pod.containers.map(lambda one: ~pod.is_daemon & one.is_regular)
        )

    def at_all(self, index: Int) -> Bool:
        return self._at_all[index]

    def by(self, policy: Policy, index: Int) -> Bool:
        """Whether this policy may, if any may."""
        return self._safely[index] if policy.regular_containers_only else cel.boolean(True)


def _is_step(container: Container, pod: Pod) -> Bool:
    """A step of a Tekton TaskRun: steps run one at a time."""
    return (pod.owner == "TaskRun") & container.name.starts_with("step-")


class Needs:
    """For each container whether its needs are known: else no built-in policy may guess a limit.

    As `webhook.model.platforms.of_unknown_need`.
    """

    def __init__(self, rules: Rules) -> None:
        containers, let = rules.pod.containers, rules.program.let
        is_virtual_machine = rules.pod.labels.get("kubevirt.io", NO_TEXT) == "virt-launcher"
        self._of_any = let(
            "needUnknown", containers.map(lambda one: is_virtual_machine | _has_claims(one.view))
        )
        in_memory = let("volumesInMemory", _volumes_in_memory())
        of_any = self._of_any
        self._of_memory = let(
            "memoryNeedUnknown",
            containers.each(lambda index, one: of_any[index] | _mounts(one.view, in_memory)),
        )

    def are_known(self, resource: str, index: Int) -> Bool:
        match resource:
            case "cpu":
                return ~self._of_any[index]
            case "memory":
                return ~self._of_memory[index]
            case _:
                return cel.boolean(True)


def _has_claims(container: Any_) -> Bool:
    return container.maybe("resources", "claims", default=NO_ITEMS).size() > 0


def _volumes_in_memory() -> List[Text]:
    in_memory = SPEC.maybe("volumes", default=NO_ITEMS).filter(
        lambda volume: volume.maybe("emptyDir", "medium", default=NO_TEXT) == "Memory"
    )
    return in_memory.map(lambda volume: volume.field("name", Text))


def _mounts(container: Any_, volumes: List[Text]) -> Bool:
    mounts = container.maybe("volumeMounts", default=NO_ITEMS)
    return mounts.exists(lambda mount: mount.field("name", Text).one_of(volumes))
