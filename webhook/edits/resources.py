"""Give containers the requests and limits that nobody wrote.

Matches  containers in the policy's scope: regular, sidecars, init containers (the safe profile: regular
         only, and never on DaemonSet Pods, which must fit on full Nodes)
Reads    containers[*].resources, spec.resources, the accelerators that containers ask for
Writes   containers[*].resources.requests and .limits, initContainers likewise
Leaves   every key that is there, requests and limits apart, `0` included; all containers of a Pod with
         `spec.resources`, whose totals are the Pod's own; BestEffort Pods and ephemeral-storage where a
         ResourceQuota of the namespace counts them

Requests come first, then limits, each in the order of the policies; where a request ends above its limit,
ours moves. What the API server would add after us (a request equal to a limit that we set) is written out, so
that what we say is what the Pod gets.

Source: `SetDefaults_Pod` in k8s.io/kubernetes `pkg/apis/core/v1/defaults.go`, LimitRanger in
`plugin/pkg/admission/limitranger/admission.go`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from webhook.model import quantity
from webhook.model.draft import Draft, Reason
from webhook.model.pod import ResourceList
from webhook.model.policy import Policy, ResourceDefaults
from webhook.model.quantity import Quantity
from webhook.model.subject import Container, Kind, Subject

Side = Literal["requests", "limits"]
# The resources that decide the QoS class (k8s.io/kubernetes `pkg/apis/core/helper/qos/qos.go`).
QOS_RESOURCES = ("cpu", "memory")
_EPHEMERAL = "ephemeral-storage"


def default_resources(subject: Subject, policies: Sequence[Policy], draft: Draft) -> None:
    untouchable = _untouchable(subject)
    if untouchable:
        for policy in policies:
            if policy.resources:
                draft.skip(policy, "pod:resources", untouchable)
        return
    voices = [
        _Voice(policy, rank, policy.resources, _shaped(policy, subject, draft))
        for rank, policy in enumerate(policies)
        if policy.resources
    ]
    wanting = [voice for voice in voices if voice.defaults.guaranteed]
    if wanting:
        trial = Draft()
        sheets = _worked_out(voices, subject, trial, guarantee=True)
        if all(sheet.is_guaranteed for sheet in sheets):
            draft.join(trial)
            _write(sheets, draft)
            return
        for voice in wanting:
            draft.skip(voice.policy, "pod:qosClass", Reason.GUARANTEED_UNREACHABLE)
    _write(_worked_out(voices, subject, draft, guarantee=False), draft)


def _untouchable(subject: Subject) -> Reason | None:
    if subject.spec.resources is not None:
        return Reason.POD_LEVEL_RESOURCES
    # Quotas of scope BestEffort or NotBestEffort count Pods by their class: it must stay.
    if subject.namespace.has_best_effort_quota and not any(map(_has_a_class, subject.containers)):
        return Reason.QUOTA
    return None


def _has_a_class(container: Container) -> bool:
    """Whether what it asks for makes its Pod more than BestEffort."""
    amounts = (
        quantity.read(container.requests[name]) for name in QOS_RESOURCES if name in container.requests
    )
    return any(amount and amount.milli > 0 for amount in amounts)


def _worked_out(voices: list[_Voice], subject: Subject, draft: Draft, *, guarantee: bool) -> list[_Sheet]:
    """All requests and limits; with `guarantee` the policies that want it close gaps, each in its turn."""
    counted = _EPHEMERAL if subject.namespace.counts_ephemeral_storage else None
    sheets = [_Sheet(container, counted) for container in subject.containers]
    for voice in voices:
        for index in voice.shapes:
            _propose_requests(voice, sheets[index], draft)
    for voice in voices:
        for index in voice.shapes:
            _propose_limits(voice, sheets[index], draft)
            if guarantee and voice.defaults.guaranteed:
                _close_gaps(voice, sheets[index], draft)
    for sheet in sheets:
        sheet.mirror_limits()
        sheet.settle()
    return sheets


def _write(sheets: list[_Sheet], draft: Draft) -> None:
    for sheet in sheets:
        sheet.write(draft)


class _Voice(Struct, frozen=True):
    """A policy that asks for resources; of two the one with the lower rank is heard first."""

    policy: Policy
    rank: int
    defaults: ResourceDefaults
    shapes: tuple[int, ...]
    """Which of the Pod's containers it may fill."""


class _Given(Struct):
    """One amount that we give, and whose wish it is."""

    amount: Quantity
    voice: _Voice


class _Sheet:
    """One container's requests and limits while they are being worked out: the Pod's own, and ours."""

    def __init__(self, container: Container, counted: str | None) -> None:
        """`counted`: a resource that a ResourceQuota counts, so that nothing of it may be added."""
        self.container = container
        self.counted = counted
        self.own: dict[Side, ResourceList] = {"requests": container.requests, "limits": container.limits}
        self.ours: dict[tuple[Side, str], _Given] = {}

    def amount(self, side: Side, resource: str) -> Quantity | None:
        """What stands there now; None for nothing, and for what no API server would read."""
        given = self.ours.get((side, resource))
        if given:
            return given.amount
        own = self.own[side]
        return quantity.read(own[resource]) if resource in own else None

    def propose(self, side: Side, resource: str, wish: Quantity, voice: _Voice, draft: Draft) -> None:
        """Give `wish` where nothing stands: the Pod's own value stays, and so does an earlier policy's."""
        field = self.field(side, resource)
        if resource in self.own[side]:
            if self.amount(side, resource) != wish:
                draft.skip(voice.policy, field, Reason.KEPT)
        elif resource == self.counted:
            draft.skip(voice.policy, field, Reason.QUOTA)
        elif draft.claim(voice.policy, field, wish):
            self.ours[side, resource] = _Given(wish, voice)

    def mirror_limits(self) -> None:
        """A limit of ours without any request becomes the request too, as the API server will have it."""
        for (side, resource), given in list(self.ours.items()):
            stands = resource in self.own["requests"] or ("requests", resource) in self.ours
            if side == "limits" and not stands:
                self.ours["requests", resource] = _Given(given.amount, given.voice)

    def settle(self) -> None:
        """Where a request is above its limit, ours moves to the Pod's own, of two of ours the later one."""
        for resource in {resource for _, resource in self.ours}:
            request, limit = self.amount("requests", resource), self.amount("limits", resource)
            if request is None or limit is None or request.milli <= limit.milli:
                continue
            ours = self.ours.get(("requests", resource)), self.ours.get(("limits", resource))
            match ours:
                case (None, _Given() as of_limit):
                    of_limit.amount = request
                case (_Given() as of_request, None):
                    of_request.amount = limit
                case (_Given() as of_request, _Given() as of_limit) if (
                    of_request.voice.rank > of_limit.voice.rank
                ):
                    of_request.amount = limit
                case (_Given(), _Given() as of_limit):  # limits are decided after requests
                    of_limit.amount = request

    @property
    def is_guaranteed(self) -> bool:
        """Whether requests equal limits, and are more than nothing, in what decides the QoS class."""
        for resource in QOS_RESOURCES:
            request = self.amount("requests", resource)
            if request is None or request.milli <= 0 or request != self.amount("limits", resource):
                return False
        return True

    def write(self, draft: Draft) -> None:
        # Sorted, so that the same Pod gets the same bytes however a policy orders its keys.
        for side, resource in sorted(self.ours):
            given = self.ours[side, resource]
            path = (*self.container.path, "resources", side, resource)
            draft.set(given.voice.policy, self.field(side, resource), path, given.amount.text)

    def field(self, side: Side, resource: str) -> str:
        return f"{self.container.name}:{side}.{resource}"


def _shaped(policy: Policy, subject: Subject, draft: Draft) -> tuple[int, ...]:
    shaped = []
    for index, container in enumerate(subject.containers):
        if not policy.containers.covers(container.view):
            continue
        closed = _closed(policy, container, subject)
        if closed:
            draft.skip(policy, f"{container.name}:resources", closed)
        else:
            shaped.append(index)
    return tuple(shaped)


def _closed(policy: Policy, container: Container, subject: Subject) -> Reason | None:
    if container.name in subject.skipped:
        return Reason.SKIP_CONTAINERS
    if policy.cautious and subject.is_daemon:
        return Reason.DAEMON_SET
    if policy.cautious and container.kind is not Kind.REGULAR:
        return Reason.INIT_CONTAINER
    return None


def _propose_requests(voice: _Voice, sheet: _Sheet, draft: Draft) -> None:
    """Within a policy `perDevice` comes before `defaultRequest` where a container asks for devices."""
    devices = sheet.container.devices.count
    per_device = voice.defaults.per_device if devices else {}
    for resource, each in per_device.items():
        amount = quantity.scaled(each, devices * 1000, resource)
        if amount:
            sheet.propose("requests", resource, amount, voice, draft)
    for resource, amount in voice.defaults.default_request.items():
        if resource not in per_device:
            sheet.propose("requests", resource, amount, voice, draft)


def _propose_limits(voice: _Voice, sheet: _Sheet, draft: Draft) -> None:
    """Within a policy `default` comes before `limitFactor`, which multiplies requests as they stand now."""
    defaults = voice.defaults
    for resource, amount in defaults.default.items():
        sheet.propose("limits", resource, amount, voice, draft)
    for resource, factor in defaults.limit_factor.items():
        request = sheet.amount("requests", resource)
        if resource in defaults.default or request is None or request.milli <= 0:
            continue
        limit = quantity.scaled(request, factor.milli, resource)
        if limit:
            sheet.propose("limits", resource, limit, voice, draft)
        else:
            draft.skip(voice.policy, sheet.field("limits", resource), Reason.NO_ROOM)


def _close_gaps(voice: _Voice, sheet: _Sheet, draft: Draft) -> None:
    """Give a limit to every request without one; a limit without request becomes one by itself."""
    for resource in QOS_RESOURCES:
        request = sheet.amount("requests", resource)
        if request and sheet.amount("limits", resource) is None:
            sheet.propose("limits", resource, request, voice, draft)
