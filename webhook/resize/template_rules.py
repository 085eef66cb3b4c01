"""When a template is not changed without a rollout. Pure; each rule is a row of `REFUSALS`.

Another writer would put its own template back, and that is a rollout: all Pods are made again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec
from msgspec import Struct, structs

from webhook.model.notice import Notice
from webhook.resize.in_step import REVISION_NUMBER, State, active_replica_sets
from webhook.resize.owner_object import (
    FIELD_MANAGER,
    annotations_of,
    containers_of,
    declared,
    is_same,
    managers_of,
    missing,
    template_path,
    with_values,
)
from webhook.resize.pod import Values
from webhook.workloads.controllers import CONTROLLERS
from webhook.workloads.rollout_status import RolloutStatus

OVERRIDE = "--i-own-the-template"


class Case(Struct, frozen=True, kw_only=True):
    """One owner, and the values that its template is to have."""

    state: State
    values: Values
    is_own: bool = False
    """Whether the user says that nothing else writes the template."""


Rule = Callable[[Case], Iterator[Notice]]


def _other_kind(case: Case) -> Iterator[Notice]:
    if case.state.kind == "Job":
        yield Notice("template-immutable", "the template of a Job cannot be changed")
    elif case.state.kind not in {each.kind for each in CONTROLLERS}:
        yield Notice(
            "unknown-controller", f"how the controller of a {case.state.kind} replaces Pods is unknown"
        )


def _has_a_controller(case: Case) -> Iterator[Notice]:
    for each in case.state.owner["metadata"].get("ownerReferences") or ():
        if not each.get("controller"):
            continue
        if each["kind"] in ("Deployment", "CronJob"):
            yield Notice(
                "template-has-another-writer",
                f"{each['kind']} {each['name']} makes it: resize {each['kind'].lower()}/{each['name']}",
            )
        elif not case.is_own:
            yield _writer(f"{each['kind']} {each['name']} controls it")


def _has_another_writer(case: Case) -> Iterator[Notice]:
    if case.is_own:
        return
    metadata = case.state.owner["metadata"]
    for where in ("annotations", "labels"):
        for key, tool in _SIGNS.items():
            value = (metadata.get(where) or {}).get(key)
            if value:
                yield _writer(f"{tool} manages it ({key}: {value})")
    for manager in _managers(case):
        yield _writer(f"{manager} writes its CPU or memory")


def _managers(case: Case) -> list[str]:
    """Programs that have written what would be changed. Who types kubectl decides each time."""
    managers: dict[str, None] = {}
    path = template_path(case.state.kind)
    for key, container in containers_of(case.state.template):
        for field in case.values:
            if field.container == container["name"]:
                steps = (*path, "spec", key, field.container, "resources", field.side, field.resource)
                managers |= dict.fromkeys(managers_of(case.state.owner, steps))
    return [each for each in managers if each != FIELD_MANAGER and not each.startswith("kubectl")]


def _writer(who: str) -> Notice:
    return Notice(
        "template-has-another-writer",
        f"{who}, and may put the old template back, which makes all Pods again: change it there; "
        f"{OVERRIDE} changes it here all the same",
    )


# https://argo-cd.readthedocs.io, https://fluxcd.io, https://helm.sh
_SIGNS = {
    "argocd.argoproj.io/tracking-id": "Argo CD",
    "kustomize.toolkit.fluxcd.io/name": "Flux",
    "helm.toolkit.fluxcd.io/name": "Flux",
    "meta.helm.sh/release-name": "Helm",
}


def _is_rolling_out(case: Case) -> Iterator[Notice]:
    state = case.state
    if state.is_held or state.kind not in _ROLLS_OUT:
        return
    rollout = structs.replace(msgspec.convert(state.owner, RolloutStatus), kind=state.kind)
    status, strategy = rollout.status, rollout.spec.updateStrategy.type
    replacing = rollout.replacing
    if replacing:
        yield Notice("rollout", f"its Pods are being replaced: {replacing}")
    elif state.kind == "Deployment" and state.owner["spec"].get("paused"):
        yield Notice("template-paused", "its rollout is paused, and to go on with it would change the Pods")
    elif state.kind == "Deployment" and len(active_replica_sets(state)) > 1:
        yield Notice("rollout", "more than one of its ReplicaSets has Pods")
    elif strategy != "OnDelete" and status.currentRevision != status.updateRevision:
        yield Notice("rollout", "its partition keeps some Pods at an earlier template")


_ROLLS_OUT = ("Deployment", "StatefulSet", "DaemonSet")


def _was_the_template_before(case: Case) -> Iterator[Notice]:
    """A Deployment takes the oldest ReplicaSet with its template for the new one, and would move to it."""
    if case.state.kind != "Deployment":
        return
    active = [each["metadata"]["uid"] for each in active_replica_sets(case.state)]
    after = with_values(case.state.template, case.values)
    if not missing(declared(case.state.template), case.values):
        return
    for each in case.state.children:
        if each["metadata"]["uid"] not in active and is_same(each["spec"]["template"], after):
            name, namespace = each["metadata"]["name"], each["metadata"]["namespace"]
            number = annotations_of(each).get(REVISION_NUMBER, "?")
            yield Notice(
                "template-of-an-earlier-revision",
                f"revision {number} has this very template, and its Pods would be made again from that: "
                f"`kubectl delete replicaset {name} -n {namespace}` removes it",
            )


REFUSALS: tuple[Rule, ...] = (
    _has_a_controller,
    _has_another_writer,
    _is_rolling_out,
    _was_the_template_before,
)


def refusals(case: Case) -> list[Notice]:
    return list(_other_kind(case)) or [notice for rule in REFUSALS for notice in rule(case)]
