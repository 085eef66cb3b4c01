"""Read a cluster as a stream, page by page: templates of controllers first, then Pods."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
from kubernetes.client import ApiClient
from msgspec import Struct, structs

from webhook.audit.cluster.objects import DEFAULTS, LIVES, OWNED, RUNTIME_CLASSES, VIEWS, Live, revision_of
from webhook.audit.drift import expected_of_template
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
"""Called for each page with the kind, how many were read, and how many there are."""
Json = dict[str, Any]

# Pods that have ended cannot be changed.
_LIVE = ("fieldSelector", "status.phase!=Succeeded,status.phase!=Failed")


class Selection(Struct, frozen=True, kw_only=True):
    """What to read of the cluster: the selected owners with all their Pods."""

    namespace: str | None = None
    selector: str = ""
    """A label selector as in kubectl, for owners and for Pods."""
    kinds: frozenset[str] | None = None
    """Kinds of owners; `Pod`: Pods without an owner."""
    controllers: tuple[Controller, ...] = CONTROLLERS
    unreadable: list[str] | None = None
    """As in `ClusterPart`."""

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
    """Reads the workloads of a cluster, and keeps of each controller only its name and resources."""

    def __init__(
        self, api: ApiClient, snapshot: Snapshot, selection: Selection, on_progress: OnProgress
    ) -> None:
        self._api = api
        self._snapshot = snapshot
        self._selection = selection
        self._on_progress = on_progress
        self._parents: dict[str, Ref] = {}
        """The owner of a ReplicaSet or Job, by its uid."""
        self._known: dict[str, _KnownTemplate] = {}
        """By the uid of the controller."""
        self._plugins = Plugins()

    def workloads(self) -> Iterator[Workload]:
        """Raises ClusterError."""
        self._plugins = plugins(self._api, ClusterPart(self._selection.namespace, self._selection.unreadable))
        selector = [("labelSelector", self._selection.selector)] if self._selection.selector else []
        selected_owners: set[Ref] = set()
        for controller in self._selection.controllers:
            if selector:  # the owner of every Pod must be known
                for raw in self._list(controller, []):
                    self._read(controller, raw, self._templates)
            for raw in self._list(controller, selector):
                for template in filter(self._is_selected, self._read(controller, raw, self._templates)):
                    selected_owners.add(template.owner)
                    yield template
        yield from self._pods(selector, selected_owners)

    def live(self, raw: bytes) -> Workload | None:
        """One Pod; None if it is being deleted. Raises ClusterError."""
        self._plugins = plugins(self._api, ClusterPart(self._selection.namespace, self._selection.unreadable))
        for controller in self._selection.controllers:
            for template in self._list(controller, []):
                self._read(controller, template, self._templates)
        return next(iter(self._read(PODS, msgspec.Raw(raw), self._pod)), None)

    def first_applied(self, namespace: str, since: Mapping[str, str]) -> FirstApplied:
        """Which fields policies set on live Pods of a namespace, by the annotation of the Pods.

        `since`: by policy, the time after which Pods count. Raises ClusterError.
        """
        kind = Resource(PODS.plural, PODS.path(namespace), keep_object, metadata_only=True)
        first_applied: dict[tuple[str, str], str] = {}
        with as_cluster_error(kind.name):
            for page in pages(self._api, kind, [_LIVE], allow_inconsistent=True):
                for raw in page.items or ():
                    for pod in self._read(PODS, raw, self._pod):
                        if pod.annotated_at_admission:
                            _add_first_applied(first_applied, pod, since)
        return first_applied

    def _pods(self, selector: Query, selected_owners: set[Ref]) -> Iterator[Workload]:
        seen: set[Ref] = set()
        for raw in self._list(PODS, [_LIVE, *selector]):
            for pod in filter(self._is_selected, self._read(PODS, raw, self._pod)):
                if selector:
                    seen.add(pod.ref)
                yield pod
        if selector and selected_owners:  # Pods of an owner may have other labels
            for raw in self._list(PODS, [_LIVE]):
                for pod in self._read(PODS, raw, self._pod):
                    if pod.owner in selected_owners and pod.ref not in seen:
                        yield pod

    def _is_selected(self, each: Workload) -> bool:
        kinds = self._selection.kinds
        if kinds is None or (each.problem and each.ref.kind == PODS.kind):  # its owner is unknown
            return True
        return each.owner.kind.partition(".")[0] in kinds

    def _read(
        self,
        controller: Controller,
        raw: msgspec.Raw,
        read: Callable[[Controller, msgspec.Raw], list[Workload]],
    ) -> list[Workload]:
        """An unreadable object becomes a Workload with a problem, and does not end the audit."""
        try:
            return read(controller, raw)
        except UnreadableError as error:  # a custom resource's schema may allow anything
            problem = f"{field_path(error.location)}: {error}"
        except Exception as error:  # noqa: BLE001 (an object can hold anything)
            problem = problem_of(error)
        identity = parse_object(raw).metadata
        kind = kind_of(controller.version, controller.kind)
        return [unreadable(Ref(kind, identity.namespace or "", identity.name), problem)]

    def _list(self, controller: Controller, query: Query) -> Iterator[msgspec.Raw]:
        kind = Resource(controller.plural, controller.path(self._selection.namespace), keep_object)
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
        if _makes_pods(obj) and len(workloads) == 1:  # of several, a Pod's own template is unknown
            (template,) = workloads
            self._known[metadata.uid] = _KnownTemplate(
                expected_of_template(ref.namespace, template.written, template.admitted, self._snapshot),
                _revision_label(obj),
                bool(_applied(template.written)),
            )
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
        pod = _live_pod(VIEWS.decode(raw), live)
        if controller is None:
            return [pod]
        known = self._known.get(controller.uid)
        labels = (pod.written.metadata or NO_METADATA).labels or {}
        is_current = known and (known.revision_label is None or known.revision_label in labels.items())
        annotated_at_admission = (
            known is not None
            and bool(is_current)
            and not known.is_annotated
            and "podtailor.dev" not in pod.touched
            and bool(_applied(pod.written))
        )
        return [
            structs.replace(
                pod,
                owner=self._parents.get(controller.uid, pod.owner),
                expected=known.expected if known and is_current else None,
                annotated_at_admission=annotated_at_admission,
            )
        ]


class _KnownTemplate(Struct, frozen=True):
    expected: Expected
    revision_label: tuple[str, str] | None
    """On the Pods of the current template, not on those of an older one of the same controller."""
    is_annotated: bool
    """Whether the template itself has our annotation, as after `podtailor mutate`."""


def _applied(view: PodView) -> str:
    return ((view.metadata or NO_METADATA).annotations or {}).get(APPLIED) or ""


def _add_first_applied(
    first_applied: dict[tuple[str, str], str], pod: Workload, since: Mapping[str, str]
) -> None:
    for policy, fields in applied_of(_applied(pod.written)).items():
        if policy in since and pod.created > since[policy] and isinstance(fields, list):
            for field in map(field_in_container, fields):
                first_applied[policy, field] = min(
                    pod.created, first_applied.get((policy, field), pod.created)
                )


def _revision_label(obj: Json) -> tuple[str, str] | None:
    match obj["kind"]:
        case "StatefulSet":
            return "controller-revision-hash", (obj.get("status") or {}).get("updateRevision", "")
        case "DaemonSet":
            annotations = obj["metadata"].get("annotations") or {}
            generation = annotations.get("deprecated.daemonset.template.generation", "")
            return "pod-template-generation", generation
    return None


def _makes_pods(obj: Json) -> bool:
    """False for the many old ReplicaSets of a Deployment, which have no Pods."""
    return obj["kind"] not in ("Deployment", "CronJob") and (obj.get("spec") or {}).get("replicas") != 0


def live_pod(raw: bytes | msgspec.Raw) -> Workload:
    """A Pod as the API server serves it, with its controller as the owner."""
    return _live_pod(VIEWS.decode(raw), LIVES.decode(raw))


def _live_pod(view: PodView, live: Live) -> Workload:
    metadata = live.metadata
    ref = Ref(PODS.kind, metadata.namespace, metadata.name)
    controller = metadata.controller()
    return Workload(
        ref=ref,
        owner=Ref(kind_of(controller.apiVersion, controller.kind), ref.namespace, controller.name)
        if controller
        else ref,
        admitted=_as_created(view, live),
        written=view,
        created=metadata.creationTimestamp,
        revision=revision_of(metadata),
        touched=metadata.touched(),
        resized_by=metadata.resized_by(),
        overhead=live.spec.overhead,
        node=live.spec.node,
    )


def _as_created(view: PodView, live: Live) -> PodView:
    """Without a nodeName that the scheduler set: its binding leaves no entry in managedFields."""
    if any(each.has_field("nodeName") for each in live.metadata.managedFields):
        return view
    return structs.replace(view, spec=structs.replace(view.spec or NO_SPEC, nodeName=None))


def _has_ended(obj: Json) -> bool:
    conditions = (obj.get("status") or {}).get("conditions") or ()
    return obj["kind"] == "Job" and any(
        each["type"] in ("Complete", "Failed") and each["status"] == "True" for each in conditions
    )
