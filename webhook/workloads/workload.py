"""A Pod, or the template of a controller, as it is judged: what it is, who owns it, what admission sees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from webhook.model.draft import Change
from webhook.model.patch import Path
from webhook.model.pod import PodView, ResourceList
from webhook.model.pod_resources import RequestsAndLimits
from webhook.workloads.builtin_plugins import Plugins
from webhook.workloads.templates import Manifest


class Ref(Struct, frozen=True):
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


# Kubernetes' own: every other kind is told with its group, as kubectl does.
_OWN_GROUPS = ("", "apps", "batch", "autoscaling")


def kind_of(api_version: str, kind: str) -> str:
    """`Deployment`, or `StatefulSet.apps.kruise.io`."""
    group = api_version.rpartition("/")[0]
    return kind if group in _OWN_GROUPS else f"{kind}.{group}"


class Expected(Struct, frozen=True):
    """What the containers of a template's Pods come to."""

    declared: Mapping[str, RequestsAndLimits]
    """By container, what the template itself says."""
    assigned: Mapping[str, Change]
    """By field, what the policies give."""
    defaulted: frozenset[str]
    """Fields that LimitRanger gives: of which version nobody knows."""


class Workload(Struct, frozen=True):
    """A Pod, or the template of a controller."""

    ref: Ref
    owner: Ref
    """Whom it is counted to: for a template and for a bare Pod itself."""
    admitted: PodView
    """As webhooks see it when it is created."""
    written: PodView
    """As it stands in its object."""
    created: str = ""
    """RFC 3339; empty for a template."""
    revision: int = 0
    """The resourceVersion."""
    expected: Expected | None = None
    """Of a Pod: what its template and the policies come to. None: no template is known."""
    touched: frozenset[str] = frozenset()
    """What of its metadata was written after its creation: `labels`, `annotations`, `podtailor.dev`."""
    is_marked_by_us: bool = False
    """Whether admission wrote our annotation on the Pod: its template has none, and nobody wrote it later."""
    overhead: ResourceList = {}
    node: str = ""
    """Where the Pod is."""
    replicas: int = 1
    """How many Pods a template is for."""
    problem: str = ""
    """Why the object could not be read: then `admitted` and `written` are empty."""

    @property
    def is_live(self) -> bool:
        return bool(self.created)


def unreadable(ref: Ref, problem: str) -> Workload:
    return Workload(ref, ref, PodView(), PodView(), replicas=0, problem=problem)


def template_of(obj: dict[str, Any], manifest: Manifest, ref: Ref, plugins: Plugins) -> Workload:
    """The Pods that an object makes in its namespace, as many as it says that it makes."""
    template: Any = obj
    for step in manifest.at:
        template = template[step]
    runtime_class = plugins.runtime_class(_dict(template.get("spec")).get("runtimeClassName"))
    return Workload(
        ref,
        ref,
        plugins.admitted(manifest.admitted, ref.namespace, runtime_class),
        manifest.template,
        overhead=runtime_class.overhead,
        replicas=_replicas(obj, manifest.at),
    )


def _replicas(obj: Any, at: Path) -> int:
    """How many Pods an object makes of its template at once; what its controller makes of each field.

    Every `replicas` on the way counts: that of a JobSet's replicatedJobs as that of a Deployment. A Job runs
    no more than `parallelism` Pods, and no more than are missing to `completions`; null is any number.
    """
    count = 1
    for step in at:
        obj = obj[step]
        if not isinstance(obj, dict):
            continue
        count *= _whole(obj.get("replicas"), 1)
        if "suspend" in obj:
            count *= obj["suspend"] is not True
        if "parallelism" in obj or "completions" in obj:
            parallelism = _whole(obj.get("parallelism"), 1)
            count *= min(parallelism, _whole(obj.get("completions"), parallelism))
    return count


def _whole(value: Any, default: int) -> int:
    return max(0, value) if type(value) is int else default


def _dict(value: Any) -> dict[str, Any]:
    """What a manifest may leave out, or write as null."""
    return value if isinstance(value, dict) else {}
