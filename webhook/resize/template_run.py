"""Bring a template in step with resized Pods: read, do the next step, read again.

This is the only module that writes to owners, and to labels of Pods.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from http import HTTPStatus

import msgspec
from kubernetes.client import ApiClient
from msgspec import Struct

from webhook.cluster.pager import Object, Resource, objects
from webhook.cluster.reads import as_cluster_error
from webhook.cluster.reflector import Reflector
from webhook.cluster.request import STRATEGIC, request
from webhook.errors import ClusterError, InputError
from webhook.model.notice import Notice
from webhook.resize import template_rules
from webhook.resize.in_step import Patch, Resize, State, Step, Stuck, Wait, next_step, trials
from webhook.resize.owner_object import FIELD_MANAGER, Json, declared, is_held, missing
from webhook.resize.owners import Owner, pods_of
from webhook.resize.pod import Pod, Values
from webhook.workloads.controllers import CONTROLLERS, PODS, Controller

_KINDS = {each.kind: each for each in (*CONTROLLERS, PODS)}
_REVISIONS = Controller("ControllerRevision", "apps/v1", "controllerrevisions")
_CHILDREN = {
    "Deployment": _KINDS["ReplicaSet"],
    "StatefulSet": _REVISIONS,
    "DaemonSet": _REVISIONS,
}
# A watch wakes it earlier; this is for what no watch shows.
_SECONDS = 5.0


class NotInStepError(InputError):
    """The template could not be brought in step. The message says why."""


def read_state(api: ApiClient, owner: Owner) -> State:
    """Raises ClusterError."""
    kind, namespace = owner.ref.kind, owner.ref.namespace
    if kind not in _KINDS:
        return State(kind=kind, owner=msgspec.json.decode(owner.raw))
    obj = _read(api, owner)
    children: list[Json] = []
    if kind in _CHILDREN:
        child = _CHILDREN[kind]
        resource = Resource(child.plural, child.path(namespace), _json)
        with as_cluster_error(child.plural):
            children = [
                each for each in objects(api, resource, []) if _controller(each) == owner.metadata.uid
            ]
    pods = tuple(each for each in pods_of(api, owner) if not each.metadata.deletionTimestamp)
    return State(kind=kind, owner=obj, children=tuple(children), pods=pods)


def _read(api: ApiClient, owner: Owner) -> Json:
    with as_cluster_error(str(owner)):
        path = _path(owner.ref.kind, owner.ref.namespace, owner.ref.name)
        obj: Json = msgspec.json.decode(request(api, "GET", path))
    if obj["metadata"]["uid"] != owner.metadata.uid:
        raise ClusterError(f"{owner} was deleted, and made again", HTTPStatus.NOT_FOUND, name="not-found")
    return obj


class Goal(Struct, frozen=True, kw_only=True):
    wanted: Values
    """Of the template and of all Pods."""
    is_own: bool
    """As in template_rules."""
    seconds: float
    """The longest time to wait for its controller, or for a Pod."""


class TemplateRun:
    """`execute` ends once template and Pods say the same, and the controller goes on as before."""

    def __init__(
        self,
        api: ApiClient,
        owner: Owner,
        goal: Goal,
        resize: Callable[[Sequence[Pod]], None],
        report: Callable[[str], object] = lambda _: None,
    ) -> None:
        """`resize`: gives Pods that came meanwhile the wanted values, as far as that can be."""
        self._api = api
        self._owner = owner
        self._goal = goal
        self._resize = resize
        self._report = report
        self._changed = threading.Event()
        self._given_up: frozenset[str] = frozenset()

    def execute(self) -> None:
        """Raises NotInStepError. Whenever it ends, another one goes on."""
        kind = _KINDS[self._owner.ref.kind]
        resource = Resource(kind.plural, kind.path(self._owner.ref.namespace), _version)
        reflector = Reflector(self._api, resource, self._changed.set)
        reflector.start()
        try:
            self._steps()
        finally:
            reflector.stop()

    def _steps(self) -> None:
        deadline: float | None = None
        while step := self._step():
            if not isinstance(step, Wait):
                deadline = None
                continue
            deadline = deadline or time.monotonic() + self._goal.seconds
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise self._failed(f"timed out: {step.why}", "timed-out")
            self._report(step.why)
            self._changed.wait(min(remaining, _SECONDS))

    def _step(self) -> Step | None:
        """Read, and do what comes next; returns it, None once all is done."""
        self._changed.clear()
        try:
            state = read_state(self._api, self._owner)
            step = next_step(state, self._goal.wanted, self._given_up)
            match step:
                case Stuck(why, hint):
                    raise NotInStepError(f"{self._owner}: {why}", name="template-changed", hint=hint)
                case Resize(pods):
                    self._resize(pods)
                    self._given_up |= {each.uid for each in pods}
                case tuple(patches):
                    self._refuse(state)
                    if not all(self._patch(each) for each in patches):
                        return Wait("it has changed since it was read")
        except ClusterError as error:
            if not _may_pass(error):
                raise self._failed(str(error), "template-not-changed", error.hint) from error
            return Wait(str(error))
        return step

    def _failed(self, why: str, name: str, hint: str = "") -> NotInStepError:
        try:
            held = is_held(self._owner.ref.kind, _read(self._api, self._owner))
        except ClusterError:
            state = "whether it replaces Pods now is not known"
        else:
            state = "it replaces no Pods until this is ended" if held else "it replaces Pods as before"
        return NotInStepError(f"{self._owner}: {why}; {state}", name=name, hint=hint)

    def _refuse(self, state: State) -> None:
        """What was asked when the plan was made is asked again: since then Pods were resized for minutes."""
        values = missing(declared(state.template), self._goal.wanted)
        case = template_rules.Case(state=state, values=values, is_own=self._goal.is_own)
        for each in template_rules.refusals(case) if values else ():
            raise self._failed(each.detail, each.reason)

    def _patch(self, each: Patch) -> bool:
        """Whether it was stored, or is not needed any more; False if its object has changed meanwhile."""
        try:
            _send(self._api, self._owner.ref.namespace, each)
        except ClusterError as error:
            is_gone = each.kind == "Pod" and error.status in _GONE
            if error.status != HTTPStatus.CONFLICT and not is_gone:
                raise
            return is_gone
        return True


def tried(api: ApiClient, owner: Owner, state: State, wanted: Values) -> list[Notice]:
    """What the API server says to dry runs of what a run sends. Raises ClusterError if it does not answer."""
    for each in trials(state, wanted):
        try:
            _send(api, owner.ref.namespace, each, dry_run=True)
        except ClusterError as error:
            if _may_pass(error) or error.status == HTTPStatus.UNAUTHORIZED:
                raise
            is_gone = each.kind == "Pod" and error.status in _GONE
            if not is_gone:
                is_granted_by_role = "--clusterrole=" in error.hint
                allows = (
                    "; the ClusterRole podtailor-template-resizer allows it" if is_granted_by_role else ""
                )
                return [Notice("template-refused", f"{error}{allows}")]
    return []


def _send(api: ApiClient, namespace: str, each: Patch, *, dry_run: bool = False) -> None:
    """Raises ClusterError."""
    query = {"fieldManager": FIELD_MANAGER, **({"dryRun": "All"} if dry_run else {})}
    with as_cluster_error(f"{each.kind.lower()}/{each.name}"):
        path = _path(each.kind, namespace, each.name)
        request(api, "PATCH", path, each.body, content_type=STRATEGIC, query=query)


def _may_pass(error: ClusterError) -> bool:
    """Whether the same request may succeed later: no answer, too many requests, or a fault of a server."""
    return not error.status or (
        error.status == HTTPStatus.TOO_MANY_REQUESTS or error.status >= HTTPStatus.INTERNAL_SERVER_ERROR
    )


# Deleted, or another Pod has its name.
_GONE = (HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY)


def _path(kind: str, namespace: str, name: str) -> str:
    return f"{_KINDS[kind].path(namespace)}/{name}"


def _controller(obj: Json) -> str:
    references = obj["metadata"].get("ownerReferences") or ()
    return next((str(each["uid"]) for each in references if each.get("controller")), "")


def _json(obj: Object) -> Json:
    read: Json = msgspec.json.decode(obj.raw)
    return read


def _version(obj: Object) -> str:
    return obj.metadata.resourceVersion
