"""The QoS class of a Pod, before and after changes.

Source: `ComputePodQOS` in k8s.io/kubernetes `pkg/apis/core/helper/qos/qos.go`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

from msgspec import Struct

from webhook.model.names import QOS_RESOURCES
from webhook.model.patch import Write
from webhook.model.pod_resources import RequestsAndLimits, resources_after
from webhook.model.quantity import milli
from webhook.model.subject import Subject


class QOSClass(StrEnum):
    GUARANTEED = "Guaranteed"
    BURSTABLE = "Burstable"
    BEST_EFFORT = "BestEffort"


class QosMove(Struct, frozen=True):
    before: QOSClass = QOSClass.BEST_EFFORT
    after: QOSClass = QOSClass.BEST_EFFORT


def qos_move(subject: Subject, writes: Iterable[Write]) -> QosMove:
    whole = subject.spec.resources
    if whole is not None:  # no edit changes Pod-level resources
        before = qos_class([RequestsAndLimits(whole.requests or {}, whole.limits or {})])
        return QosMove(before, before)
    before = qos_class([RequestsAndLimits(each.requests, each.limits) for each in subject.containers])
    return QosMove(before, qos_class([*resources_after(subject, writes).values()]))


def qos_class(units: Sequence[RequestsAndLimits]) -> QOSClass:
    """Of all containers, or of the Pod-level resources alone, with requests as the API server stores them."""
    is_best_effort, is_guaranteed = True, True
    for unit in units:
        for resource in QOS_RESOURCES:
            request = milli(unit.requests[resource]) if resource in unit.requests else 0
            limit = milli(unit.limits[resource]) if resource in unit.limits else 0
            is_best_effort = is_best_effort and request <= 0 and limit <= 0
            is_guaranteed = is_guaranteed and request == limit > 0
            if not is_best_effort and not is_guaranteed:
                return QOSClass.BURSTABLE
    if is_best_effort:
        return QOSClass.BEST_EFFORT
    return QOSClass.GUARANTEED if is_guaranteed else QOSClass.BURSTABLE
