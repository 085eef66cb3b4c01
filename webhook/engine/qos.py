"""The QoS class of a Pod, as it comes and as it leaves.

Source: `ComputePodQOS` in k8s.io/kubernetes `pkg/apis/core/helper/qos/qos.go`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from msgspec import Struct

from webhook.model import quantity
from webhook.model.names import QOS_RESOURCES
from webhook.model.patch import Path, Write
from webhook.model.pod import RawQuantity
from webhook.model.subject import Subject


class QOSClass(StrEnum):
    GUARANTEED = "Guaranteed"
    BURSTABLE = "Burstable"
    BEST_EFFORT = "BestEffort"


class QosMove(Struct, frozen=True):
    before: QOSClass = QOSClass.BEST_EFFORT
    after: QOSClass = QOSClass.BEST_EFFORT


Sides = tuple[Mapping[str, RawQuantity], Mapping[str, RawQuantity]]
"""Requests and limits, as they are written."""


def qos_move(subject: Subject, writes: Iterable[Write]) -> QosMove:
    whole = subject.spec.resources
    if whole is not None:  # the Pod is sized as a whole, and no edit changes that
        there = qos_class([({**(whole.limits or {}), **(whole.requests or {})}, whole.limits or {})])
        return QosMove(there, there)
    there = qos_class([(container.requests, container.limits) for container in subject.containers])
    return QosMove(there, qos_class([*sized(subject, writes).values()]))


def sized(subject: Subject, writes: Iterable[Write]) -> dict[Path, Sides]:
    """Requests and limits of each container with the writes made."""
    sides: dict[Path, Sides] = {each.path: (each.requests, each.limits) for each in subject.containers}
    for write in writes:
        if write.path[-3:-2] == ("resources",):
            *container, _, side, resource = write.path
            path, given = tuple(container), {str(resource): write.value}
            requests, limits = sides[path]
            sides[path] = (
                (requests, {**limits, **given}) if side == "limits" else ({**requests, **given}, limits)
            )
    return sides


def qos_class(units: Sequence[Sides]) -> QOSClass:
    """Of all containers together, or of the Pod as a whole; a missing request stands at its limit."""
    says_anything, is_guaranteed = False, True
    for requests, limits in units:
        for resource in QOS_RESOURCES:
            request, limit = _milli(requests, resource), _milli(limits, resource)
            says_anything = says_anything or request > 0 or limit > 0
            is_guaranteed = is_guaranteed and request == limit > 0
    if not says_anything:
        return QOSClass.BEST_EFFORT
    return QOSClass.GUARANTEED if is_guaranteed else QOSClass.BURSTABLE


def _milli(amounts: Mapping[str, RawQuantity], resource: str) -> int:
    amount = quantity.read(amounts[resource]) if resource in amounts else None
    return amount.milli if amount else 0
