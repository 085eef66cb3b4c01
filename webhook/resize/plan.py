"""The plan of a resize: what changes in each Pod, what keeps it from being done, what it costs. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from msgspec import Struct, structs

from webhook.audit.findings import Amounts
from webhook.errors import ClusterError
from webhook.model.notice import Notice
from webhook.model.pod_resources import SIDES, Side
from webhook.model.quantity import Quantity
from webhook.resize import owner_rules, rules
from webhook.resize.facts import Allowed, Case, Change, Facts, Wanted
from webhook.resize.notes import NOTES
from webhook.resize.pod import Container, Field, Pod, Values, resources_of
from webhook.resize.sizes import SizeError


class PodPlan(Struct, frozen=True, kw_only=True):
    """What is done to one Pod."""

    pod: Pod
    asked: Values = {}
    """All values that were asked for, also those that it has."""
    changes: tuple[Change, ...] = ()
    refusals: tuple[Notice, ...] = ()
    warnings: tuple[Notice, ...] = ()
    left_out: Notice | None = None
    """Why it is left out of the run: it is not on a Node yet, or `gone`. No refusal of the others."""
    restarts: tuple[str, ...] = ()
    """Containers that restart."""

    @property
    def is_due(self) -> bool:
        """Whether there is something to do, and nothing against it."""
        return bool(self.changes) and not self.refusals and not self.left_out

    @property
    def is_gone(self) -> bool:
        return self.left_out is not None and self.left_out.reason == "gone"

    def without(self, why: Notice) -> PodPlan:
        """Left out."""
        return structs.replace(self, left_out=why, warnings=(why,), refusals=(), restarts=())

    @property
    def before(self) -> Values:
        """What a revert can restore: a value that was added stays."""
        return {each.field: each.before for each in self.changes if each.before}

    @property
    def after(self) -> Values:
        return {each.field: each.after for each in self.changes}

    @property
    def values_after(self) -> Values:
        """All values of the Pod once it is resized."""
        return {**self.pod.values(), **self.after}


class Plan(Struct, frozen=True, kw_only=True):
    """Of the Pods of one owner, in the order given."""

    pods: tuple[PodPlan, ...] = ()
    refusals: tuple[Notice, ...] = ()
    """Of the owner: then no Pod is resized."""
    warnings: tuple[Notice, ...] = ()

    @property
    def is_refused(self) -> bool:
        return bool(self.refusals) or any(each.refusals for each in self.pods)

    @property
    def is_incomplete(self) -> bool:
        """Whether a Pod that will run is left out."""
        return any(each.left_out and not each.is_gone for each in self.pods)

    @property
    def due(self) -> tuple[PodPlan, ...]:
        return () if self.refusals else tuple(each for each in self.pods if each.is_due)


def plan(pods: Iterable[Pod], wanted: Wanted, facts: Facts, allowed: Allowed) -> Plan:
    """Pods on the same Node share its room: the first ones get it."""
    plans: list[PodPlan] = []
    cases: list[Case] = []
    added: dict[str, Counter[str]] = defaultdict(Counter)
    for pod in pods:
        nodes = {
            name: structs.replace(node, requested=_sum(node.requested, added[name]))
            for name, node in facts.nodes.items()
            if name == pod.node
        }
        each, case = _plan_pod(pod, wanted, structs.replace(facts, nodes=nodes), allowed)
        plans.append(each)
        cases.append(case)
        if each.is_due:
            added[pod.node].update(rules.added_requests(case))
    if not any(each.changes and not each.left_out for each in plans):
        return Plan(pods=tuple(plans))
    return Plan(
        pods=tuple(plans),
        refusals=tuple(owner_rules.refusals(cases, facts, allowed)),
        warnings=tuple(owner_rules.warnings(cases, facts)),
    )


def sized(pod: Pod, wanted: Wanted) -> PodPlan:
    """What changes, before any rule is asked; the refusals are of sizes that cannot be computed."""
    asked: dict[Field, Quantity] = {}
    missing: list[Notice] = []
    present = pod.values()
    for container in pod.containers():
        try:
            asked |= _asked(container, wanted, present)
        except SizeError as error:
            missing.append(Notice("no-present-value", f"{container.name} {error}"))
    changes = (Change(field, present.get(field), value) for field, value in asked.items())
    changed = tuple(each for each in changes if each.before is None or each.before.milli != each.after.milli)
    return PodPlan(pod=pod, asked=asked, changes=changed, refusals=tuple(missing))


def _plan_pod(pod: Pod, wanted: Wanted, facts: Facts, allowed: Allowed) -> tuple[PodPlan, Case]:
    each = sized(pod, wanted)
    case = Case(pod=pod, changes=each.changes, facts=facts, allowed=allowed)
    if not each.changes:
        return each, case
    if why := rules.left_out(pod):
        return each.without(why), case
    return structs.replace(
        each,
        refusals=(*each.refusals, *(notice for rule in rules.REFUSALS for notice in rule(case))),
        warnings=tuple(notice for rule in NOTES for notice in rule(case)),
        restarts=case.restarts(),
    ), case


def _asked(container: Container, wanted: Wanted, present: Values) -> dict[Field, Quantity]:
    """Raises SizeError."""
    asked: dict[Field, Quantity] = {}
    for resource, size in wanted.get(container.name, {}).items():
        fields = {side: Field(container.name, side, resource) for side in SIDES}
        values: dict[Side, Quantity] = {
            side: present[field] for side, field in fields.items() if field in present
        }
        after = size.of(values, resource)
        if "limits" in after and "requests" not in {*after, *values}:
            after["requests"] = after["limits"]  # as the API server sets it
        asked |= {fields[side]: value for side, value in after.items()}
    return asked


def patch(pod: Pod, values: Values) -> dict[str, Any]:
    """A strategic merge patch of the subresource `resize`, for this very Pod.

    With another uid the API server answers 422 `field is immutable`, so that a Pod which has taken the name
    meanwhile is not touched.
    """
    spec: dict[str, Any] = {}
    for key, is_init in (("containers", False), ("initContainers", True)):
        names = dict.fromkeys(each.container for each in values if pod.is_init(each.container) is is_init)
        if names:
            spec[key] = [{"name": name, "resources": resources_of(name, values)} for name in names]
    return {"metadata": {"uid": pod.uid}, "spec": spec}


def is_gone(error: ClusterError) -> bool:
    """Of a patch: the Pod was deleted, or another one has its name."""
    is_another = error.status == HTTPStatus.UNPROCESSABLE_ENTITY and "field is immutable" in str(error)
    return is_another or error.status == HTTPStatus.NOT_FOUND


def _sum(amounts: Amounts, added: Mapping[str, int]) -> Amounts:
    return {name: amounts.get(name, 0) + added.get(name, 0) for name in {*amounts, *added}}
