"""Read a cluster as a stream: first the templates of its controllers, then its Pods, a page at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
from kubernetes.client import ApiClient
from msgspec import Struct, structs

from webhook.audit.admission import Defaults, Plugins
from webhook.audit.drift import Expected, expected
from webhook.audit.findings import Ref
from webhook.audit.judge import Examined, template_of
from webhook.audit.kinds import DEFAULTS, LIVES, OWNED, RUNTIME_CLASSES, VIEWS, Live, kind_of
from webhook.cluster.client import UnreachableError
from webhook.cluster.listing import Kind, Query, get, object_of, objects, pages, whole
from webhook.cluster.once import told
from webhook.engine.admitted_view import UnreadableError, manifest_of
from webhook.engine.snapshot import Snapshot
from webhook.files import dotted
from webhook.model.patch import Path
from webhook.model.pod import NO_METADATA, NO_SPEC, PodView

Heard = Callable[[str, int, int], object]
"""Told of each page: the kind, how many have been read, how many there are."""
Json = dict[str, Any]


class Controller(Struct, frozen=True):
    """A kind that makes Pods from a template."""

    kind: str
    version: str
    """`apps/v1`; of the core group `v1`."""
    plural: str
    at: Path | None = None
    """Where the template stands; None: as Kubernetes has it."""

    def path(self, namespace: str | None) -> str:
        root = f"/apis/{self.version}" if "/" in self.version else f"/api/{self.version}"
        return f"{root}/namespaces/{namespace}/{self.plural}" if namespace else f"{root}/{self.plural}"


CONTROLLERS = (
    Controller("Deployment", "apps/v1", "deployments"),
    Controller("StatefulSet", "apps/v1", "statefulsets"),
    Controller("DaemonSet", "apps/v1", "daemonsets"),
    Controller("ReplicaSet", "apps/v1", "replicasets"),
    Controller("ReplicationController", "v1", "replicationcontrollers"),
    Controller("CronJob", "batch/v1", "cronjobs"),
    Controller("Job", "batch/v1", "jobs"),
)


def others_of(api: ApiClient, paths: Mapping[tuple[str, str], Path]) -> tuple[Controller, ...]:
    """Controllers that are not Kubernetes' own: where their templates stand, by apiVersion and kind.

    Raises UnreachableError.
    """
    return tuple(
        Controller(kind, version, _plural(api, version, kind), at) for (version, kind), at in paths.items()
    )


def _plural(api: ApiClient, version: str, kind: str) -> str:
    asked = Kind(f"{kind} of {version}", f"/apis/{version}", whole)
    with told(asked.name):
        served = msgspec.json.decode(get(api, asked, []).data, type=_Resources).resources
    plural = next((each.name for each in served if each.kind == kind and "/" not in each.name), None)
    if plural is None:
        raise UnreachableError(f"{asked.name}: the API server does not serve it")
    return plural


PODS = Controller("Pod", "v1", "pods")
# Who has ended makes no more Pods, and cannot be changed.
_LIVE = ("fieldSelector", "status.phase!=Succeeded,status.phase!=Failed")


class _Resource(Struct, frozen=True):
    name: str
    kind: str


class _Resources(Struct, frozen=True):
    resources: list[_Resource]


class Scope(Struct, frozen=True):
    """What of the cluster is looked at."""

    namespace: str | None = None
    selector: str = ""
    """As kubectl's -l."""
    kinds: frozenset[str] | None = None
    controllers: tuple[Controller, ...] = CONTROLLERS

    @property
    def is_whole(self) -> bool:
        return not (self.namespace or self.selector or self.kinds)


def plugins(api: ApiClient) -> Plugins:
    """Raises UnreachableError."""
    defaults: dict[str, list[Defaults]] = {}
    with told(DEFAULTS.name):
        for each in objects(api, DEFAULTS, []):
            defaults.setdefault(each.namespace, []).append(each)
    with told(RUNTIME_CLASSES.name):
        return Plugins(defaults, {each.name: each for each in objects(api, RUNTIME_CLASSES, [])})


class Cluster:
    """`examined` reads it. What is kept meanwhile is small: of each controller its name and sizes."""

    def __init__(
        self,
        api: ApiClient,
        snapshot: Snapshot,
        scope: Scope,
        heard: Heard,
        warn: Callable[[str], object],
    ) -> None:
        """`warn` is told of what cannot be read."""
        self._api = api
        self._snapshot = snapshot
        self._scope = scope
        self._heard = heard
        self._warn = warn
        self._parents: dict[str, Ref] = {}
        """Who is behind a ReplicaSet or Job, by its uid."""
        self._expected: dict[str, _Known] = {}
        self._plugins = Plugins()

    def examined(self) -> Iterator[Examined]:
        """Raises UnreachableError."""
        self._plugins = plugins(self._api)
        selected = [("labelSelector", self._scope.selector)] if self._scope.selector else []
        for controller in self._scope.controllers:
            if selected:  # whose Pods are whose must be known of all
                for raw in self._list(controller, []):
                    self._template(controller, raw)
            for raw in self._list(controller, selected):
                template = self._template(controller, raw)
                if template and self._wants(controller.kind):
                    yield template
        if self._wants(PODS.kind):
            for raw in self._list(PODS, [_LIVE, *selected]):
                pod = self._pod(raw)
                if pod:
                    yield pod

    def _wants(self, kind: str) -> bool:
        return self._scope.kinds is None or kind in self._scope.kinds

    def _list(self, controller: Controller, query: Query) -> Iterator[msgspec.Raw]:
        kind = Kind(controller.plural, controller.path(self._scope.namespace), whole)
        done = 0
        with told(controller.plural):
            for page in pages(self._api, kind, query, goes_on=True):
                items = page.items or []
                done += len(items)
                self._heard(controller.plural, done, done + page.metadata.remainingItemCount)
                yield from items

    def _template(self, controller: Controller, raw: msgspec.Raw) -> Examined | None:
        obj: Json = {"apiVersion": controller.version, "kind": controller.kind, **msgspec.json.decode(raw)}
        metadata = OWNED.decode(raw).metadata
        kind = kind_of(controller.version, controller.kind)
        ref = Ref(kind, obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
        try:
            manifest = manifest_of(obj, controller.at)
        except UnreadableError as error:  # of a custom resource, whose schema may allow anything
            self._warn(f"{ref}: {dotted(error.location)}: {error}")
            return None
        if manifest is None or _has_ended(obj):
            return None
        examined = structs.replace(template_of(obj, manifest, ref, self._plugins), replicas=0)
        if _makes_pods(obj):
            comes_to = expected(ref.namespace, examined.written, examined.admitted, self._snapshot)
            self._expected[metadata.uid] = _Known(comes_to, _revision(obj))
        parent = metadata.controller()
        if parent and controller.kind in ("ReplicaSet", "Job"):
            kind = kind_of(parent.apiVersion, parent.kind)
            self._parents[metadata.uid] = Ref(kind, ref.namespace, parent.name)
            return None
        return examined

    def _pod(self, raw: msgspec.Raw) -> Examined | None:
        live = LIVES.decode(raw)
        if live.metadata.deletionTimestamp:
            return None
        controller = live.metadata.controller()
        pod = live_pod(raw)
        if controller is None:
            return pod
        known = self._expected.get(controller.uid)
        labels = (pod.written.metadata or NO_METADATA).labels or {}
        is_current = known and (known.revision is None or known.revision in labels.items())
        return structs.replace(
            pod,
            owner=self._parents.get(controller.uid, pod.owner),
            expected=known.expected if known and is_current else None,
        )


class _Known(Struct, frozen=True):
    """Of the Pods of one template."""

    expected: Expected
    revision: tuple[str, str] | None
    """A label that tells them from Pods of an older template of the same controller."""


def _revision(obj: Json) -> tuple[str, str] | None:
    match obj["kind"]:
        case "StatefulSet":
            return "controller-revision-hash", (obj.get("status") or {}).get("updateRevision", "")
        case "DaemonSet":
            annotations = obj["metadata"].get("annotations") or {}
            generation = annotations.get("deprecated.daemonset.template.generation", "")
            return "pod-template-generation", generation
    return None


def _makes_pods(obj: Json) -> bool:
    """A Deployment's old ReplicaSets are many, and have none."""
    return obj["kind"] not in ("Deployment", "CronJob") and (obj.get("spec") or {}).get("replicas") != 0


def live_pod(raw: bytes | msgspec.Raw) -> Examined:
    """A Pod as the API server serves it, counted to whoever controls it."""
    view, live = VIEWS.decode(raw), LIVES.decode(raw)
    identity = object_of(raw).metadata
    ref = Ref(PODS.kind, identity.namespace or "", identity.name)
    controller = live.metadata.controller()
    return Examined(
        ref,
        Ref(kind_of(controller.apiVersion, controller.kind), ref.namespace, controller.name)
        if controller
        else ref,
        _as_created(view, live),
        view,
        created=identity.creationTimestamp or "",
        touched=live.metadata.touched(),
        overhead=live.spec.overhead,
        node=live.spec.node,
    )


def _as_created(view: PodView, live: Live) -> PodView:
    """Without the Node, where the scheduler has chosen it: its binding leaves no trace in managedFields."""
    if any(each.names("nodeName") for each in live.metadata.managedFields):
        return view
    return structs.replace(view, spec=structs.replace(view.spec or NO_SPEC, nodeName=None))


def _has_ended(obj: Json) -> bool:
    conditions = (obj.get("status") or {}).get("conditions") or ()
    return obj["kind"] == "Job" and any(
        each["type"] in ("Complete", "Failed") and each["status"] == "True" for each in conditions
    )
