"""Read a cluster as a stream: first the templates of its controllers, then its Pods, a page at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
from kubernetes.client import ApiClient
from msgspec import Struct, structs

from webhook.audit.cluster.objects import DEFAULTS, LIVES, OWNED, RUNTIME_CLASSES, VIEWS, Live, revision_of
from webhook.audit.drift import expected
from webhook.audit.enforcement import FirstApplied, field_in_container
from webhook.audit.findings import problem_of
from webhook.cluster.pager import Query, Resource, keep_object, objects, pages, parse_object
from webhook.cluster.part import WHOLE_CLUSTER, ClusterPart
from webhook.cluster.reads import as_cluster_error, in_namespace
from webhook.documents.files import field_path
from webhook.engine.annotation import applied_of
from webhook.engine.snapshot import Snapshot
from webhook.model.names import APPLIED
from webhook.model.pod import NO_METADATA, NO_SPEC, PodView
from webhook.workloads.builtin_plugins import Defaults, Plugins, RuntimeClass
from webhook.workloads.controllers import CONTROLLERS, PODS, Controller
from webhook.workloads.templates import UnreadableError, manifests_of
from webhook.workloads.workload import Expected, Ref, Workload, kind_of, template_of, unreadable

OnProgress = Callable[[str, int, int], object]
"""Told of each page: the kind, how many have been read, how many there are."""
Json = dict[str, Any]

# Who has ended makes no more Pods, and cannot be changed.
_LIVE = ("fieldSelector", "status.phase!=Succeeded,status.phase!=Failed")


class Scope(Struct, frozen=True):
    """What of the cluster is looked at. Who is chosen is looked at with all its Pods."""

    namespace: str | None = None
    selector: str = ""
    """As kubectl's -l: owners with these labels, and Pods with these labels."""
    kinds: frozenset[str] | None = None
    """Of owners; `Pod` is for Pods that have none."""
    controllers: tuple[Controller, ...] = CONTROLLERS
    unreadable: list[str] | None = None
    """As of `ClusterPart`."""

    @property
    def is_whole(self) -> bool:
        return not (self.namespace or self.selector or self.kinds)


def plugins(api: ApiClient, part: ClusterPart = WHOLE_CLUSTER) -> Plugins:
    """Raises ClusterError."""
    defaults: dict[str, list[Defaults]] = {}
    classes: dict[str, RuntimeClass] = {}
    with part.note_if_forbidden(DEFAULTS.name, "their defaults are unknown"), as_cluster_error(DEFAULTS.name):
        for each in objects(api, in_namespace(DEFAULTS, part.namespace), []):
            defaults.setdefault(each.namespace, []).append(each)
    with (
        part.note_if_forbidden(RUNTIME_CLASSES.name, "what they add is unknown"),
        as_cluster_error(RUNTIME_CLASSES.name),
    ):
        classes = {each.name: each for each in objects(api, RUNTIME_CLASSES, [])}
    return Plugins(defaults, classes)


class Cluster:
    """`workloads` reads it. What is kept meanwhile is small: of each controller its name and sizes."""

    def __init__(self, api: ApiClient, snapshot: Snapshot, scope: Scope, on_progress: OnProgress) -> None:
        self._api = api
        self._snapshot = snapshot
        self._scope = scope
        self._on_progress = on_progress
        self._parents: dict[str, Ref] = {}
        """Who is behind a ReplicaSet or Job, by its uid."""
        self._expected: dict[str, _Known] = {}
        self._plugins = Plugins()

    def workloads(self) -> Iterator[Workload]:
        """Raises ClusterError."""
        self._plugins = plugins(self._api, ClusterPart(self._scope.namespace, self._scope.unreadable))
        selected = [("labelSelector", self._scope.selector)] if self._scope.selector else []
        chosen: set[Ref] = set()
        for controller in self._scope.controllers:
            if selected:  # whose Pods are whose must be known of all
                for raw in self._list(controller, []):
                    self._read(controller, raw, self._templates)
            for raw in self._list(controller, selected):
                for template in filter(self._is_wanted, self._read(controller, raw, self._templates)):
                    chosen.add(template.owner)
                    yield template
        yield from self._pods(selected, chosen)

    def live(self, raw: bytes) -> Workload | None:
        """One Pod; None if it is about to go. Raises ClusterError."""
        self._plugins = plugins(self._api, ClusterPart(self._scope.namespace, self._scope.unreadable))
        for controller in self._scope.controllers:
            for template in self._list(controller, []):
                self._read(controller, template, self._templates)
        return next(iter(self._read(PODS, msgspec.Raw(raw), self._pod)), None)

    def first_applied(self, namespace: str, since: Mapping[str, str]) -> FirstApplied:
        """What policies gave to live Pods of a namespace, and since when, by the annotation on the Pods.

        `since`: by policy, from when on Pods count. Raises ClusterError.
        """
        kind = Resource(PODS.plural, PODS.path(namespace), keep_object, metadata_only=True)
        found: dict[tuple[str, str], str] = {}
        with as_cluster_error(kind.name):
            for page in pages(self._api, kind, [_LIVE], allow_inconsistent=True):
                for raw in page.items or ():
                    for pod in self._read(PODS, raw, self._pod):
                        if pod.annotated_at_admission:
                            _add_first_applied(found, pod, since)
        return found

    def _pods(self, selected: Query, chosen: set[Ref]) -> Iterator[Workload]:
        there: set[Ref] = set()
        for raw in self._list(PODS, [_LIVE, *selected]):
            for pod in filter(self._is_wanted, self._read(PODS, raw, self._pod)):
                if selected:
                    there.add(pod.ref)
                yield pod
        if selected and chosen:  # labels of an owner need not be those of its Pods
            for raw in self._list(PODS, [_LIVE]):
                for pod in self._read(PODS, raw, self._pod):
                    if pod.owner in chosen and pod.ref not in there:
                        yield pod

    def _is_wanted(self, each: Workload) -> bool:
        kinds = self._scope.kinds
        if kinds is None or (each.problem and each.ref.kind == PODS.kind):  # its owner is not known
            return True
        return each.owner.kind.partition(".")[0] in kinds

    def _read(
        self,
        controller: Controller,
        raw: msgspec.Raw,
        read: Callable[[Controller, msgspec.Raw], list[Workload]],
    ) -> list[Workload]:
        """One object that cannot be read is reported as such, and ends nothing."""
        try:
            return read(controller, raw)
        except UnreadableError as error:  # of a custom resource, whose schema may allow anything
            problem = f"{field_path(error.location)}: {error}"
        except Exception as error:  # noqa: BLE001 (an object can hold anything)
            problem = problem_of(error)
        identity = parse_object(raw).metadata
        kind = kind_of(controller.version, controller.kind)
        return [unreadable(Ref(kind, identity.namespace or "", identity.name), problem)]

    def _list(self, controller: Controller, query: Query) -> Iterator[msgspec.Raw]:
        kind = Resource(controller.plural, controller.path(self._scope.namespace), keep_object)
        done = 0
        with as_cluster_error(controller.plural):
            for page in pages(self._api, kind, query, allow_inconsistent=True):
                items = page.items or []
                done += len(items)
                self._on_progress(controller.plural, done, done + page.metadata.remainingItemCount)
                yield from items

    def _templates(self, controller: Controller, raw: msgspec.Raw) -> list[Workload]:
        obj: Json = {"apiVersion": controller.version, "kind": controller.kind, **msgspec.json.decode(raw)}
        metadata = OWNED.decode(raw).metadata
        kind = kind_of(controller.version, controller.kind)
        ref = Ref(kind, obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
        if _has_ended(obj):
            return []
        workloads = [
            structs.replace(template_of(obj, manifest, ref, self._plugins), replicas=0)
            for manifest in manifests_of(obj, controller.at)
        ]
        if _makes_pods(obj) and len(workloads) == 1:  # of several, which one a Pod is of is not known
            (only,) = workloads
            comes_to = expected(ref.namespace, only.written, only.admitted, self._snapshot)
            self._expected[metadata.uid] = _Known(comes_to, _revision(obj), bool(_mark(only.written)))
        parent = metadata.controller()
        if parent and controller.kind in ("ReplicaSet", "Job"):
            kind = kind_of(parent.apiVersion, parent.kind)
            self._parents[metadata.uid] = Ref(kind, ref.namespace, parent.name)
            return []
        return workloads

    def _pod(self, _: Controller, raw: msgspec.Raw) -> list[Workload]:
        live = LIVES.decode(raw)
        if live.metadata.deletionTimestamp:
            return []
        controller = live.metadata.controller()
        pod = live_pod(raw)
        if controller is None:
            return [pod]
        known = self._expected.get(controller.uid)
        labels = (pod.written.metadata or NO_METADATA).labels or {}
        is_current = known and (known.revision is None or known.revision in labels.items())
        annotated_at_admission = (
            known is not None
            and bool(is_current)
            and not known.is_marked
            and "podtailor.dev" not in pod.touched
            and bool(_mark(pod.written))
        )
        return [
            structs.replace(
                pod,
                owner=self._parents.get(controller.uid, pod.owner),
                expected=known.expected if known and is_current else None,
                annotated_at_admission=annotated_at_admission,
            )
        ]


class _Known(Struct, frozen=True):
    """Of the Pods of one template."""

    expected: Expected
    revision: tuple[str, str] | None
    """A label that tells them from Pods of an older template of the same controller."""
    is_marked: bool
    """Whether the template itself has our annotation, as one has that was tailored in a file."""


def _mark(view: PodView) -> str:
    return ((view.metadata or NO_METADATA).annotations or {}).get(APPLIED) or ""


def _add_first_applied(found: dict[tuple[str, str], str], pod: Workload, since: Mapping[str, str]) -> None:
    for policy, fields in applied_of(_mark(pod.written)).items():
        if policy in since and pod.created > since[policy] and isinstance(fields, list):
            for field in map(field_in_container, fields):
                found[policy, field] = min(pod.created, found.get((policy, field), pod.created))


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


def live_pod(raw: bytes | msgspec.Raw) -> Workload:
    """A Pod as the API server serves it, counted to whoever controls it."""
    view, live = VIEWS.decode(raw), LIVES.decode(raw)
    identity = parse_object(raw).metadata
    ref = Ref(PODS.kind, identity.namespace or "", identity.name)
    controller = live.metadata.controller()
    return Workload(
        ref=ref,
        owner=Ref(kind_of(controller.apiVersion, controller.kind), ref.namespace, controller.name)
        if controller
        else ref,
        admitted=_as_created(view, live),
        written=view,
        created=identity.creationTimestamp or "",
        revision=revision_of(identity),
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
