"""A Pod, or the template of a controller, as the audit judges it: its owner, and what admission sees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from webhook.model.draft import Change
from webhook.model.patch import Path
from webhook.model.place import Place
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


class OwnerReference(Struct, frozen=True):
    apiVersion: str = ""
    kind: str = ""
    name: str = ""
    uid: str = ""
    controller: bool = False


# Kinds of other groups carry their group, as in kubectl.
_OWN_GROUPS = ("", "apps", "batch", "autoscaling")


def kind_of(api_version: str, kind: str) -> str:
    """`Deployment`, or `StatefulSet.apps.kruise.io`."""
    group = api_version.rpartition("/")[0]
    return kind if group in _OWN_GROUPS else f"{kind}.{group}"


class Expected(Struct, frozen=True, kw_only=True):
    """The resources that containers of a template's Pods should have."""

    declared: Mapping[str, RequestsAndLimits]
    """By container, as in the template itself."""
    assigned: Mapping[str, Change]
    """By field, as policies set them."""
    defaulted: frozenset[str]
    """Fields that LimitRanger sets now; an earlier LimitRange may have set another value."""


class Workload(Struct, frozen=True, kw_only=True):
    """A Pod, or the template of a controller."""

    ref: Ref
    owner: Ref
    """Under which it is reported; a template and a bare Pod are their own."""
    admitted: PodView
    """As webhooks see it at creation."""
    written: PodView
    """As stored in its object."""
    created: str = ""
    """RFC 3339; empty for a template."""
    revision: int = 0
    """The resourceVersion."""
    expected: Expected | None = None
    """For a Pod whose template is known."""
    touched: frozenset[str] = frozenset()
    """The parts of the metadata written after creation: `labels`, `annotations`, `podtailor.dev`."""
    resized_by: str = ""
    """Who resized it last, and when, as its managedFields say; empty if nobody did."""
    annotated_at_admission: bool = False
    """Whether admission wrote our annotation: the template has none, and the Pod's is not written later."""
    overhead: ResourceList = {}
    node: str = ""
    """The name of the Pod's Node."""
    replicas: int = 1
    """How many Pods to count for it."""
    problem: str = ""
    """Why the object could not be read; then `admitted` and `written` are empty."""
    place: Place | None = None
    """Of a manifest."""
    place_of: Callable[[Path], Place] | None = None
    """Of a field of `written`, for a manifest."""

    @property
    def is_live(self) -> bool:
        return bool(self.created)


def unreadable(ref: Ref, problem: str, place: Place | None = None) -> Workload:
    return Workload(
        ref=ref,
        owner=ref,
        admitted=PodView(),
        written=PodView(),
        replicas=0,
        problem=problem,
        place=place,
    )


def template_of(obj: dict[str, Any], manifest: Manifest, ref: Ref, plugins: Plugins) -> Workload:
    """The Pods that an object makes in its namespace: as many as its controller runs at once."""
    template: Any = obj
    for step in manifest.at:
        template = template[step]
    runtime_class = plugins.runtime_class(_dict(template.get("spec")).get("runtimeClassName"))
    return Workload(
        ref=ref,
        owner=ref,
        admitted=plugins.admitted(manifest.admitted, ref.namespace, runtime_class),
        written=manifest.template,
        overhead=runtime_class.overhead,
        replicas=_replicas(obj, manifest.at),
    )


def _replicas(obj: Any, at: Path) -> int:
    """How many Pods an object's controller runs at once from the template at `at`.

    Every `replicas` along the path counts, as in a JobSet's replicatedJobs. A Job runs at most `parallelism`
    Pods, and no more than `completions` needs; null is any number.
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
    """Empty for a field that a manifest omits or sets to null."""
    return value if isinstance(value, dict) else {}
