"""The owners to size, with what is written about them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from webhook.cli.common.manifests import LocatedManifest
from webhook.engine.snapshot import Snapshot
from webhook.recommend.states import Found, found
from webhook.resize.pod import Pod, Spec
from webhook.workloads.builtin_plugins import NO_PLUGINS, Plugins
from webhook.workloads.templates import Manifest
from webhook.workloads.workload import Ref, template_of

Json = dict[str, Any]


class Owned(Struct, frozen=True, kw_only=True):
    """An owner with all that is written about it."""

    found: Found
    obj: Json
    """With `apiVersion` and `kind`."""
    pods: tuple[Pod, ...] = ()
    located: LocatedManifest | None = None
    """Where it is in a file."""

    @property
    def selector(self) -> Mapping[str, str]:
        """The labels by which it selects its Pods."""
        labels = ((self.obj.get("spec") or {}).get("selector") or {}).get("matchLabels")
        return labels if isinstance(labels, dict) else {}


OnError = Callable[[LocatedManifest, msgspec.ValidationError], object]


def raise_error(_: LocatedManifest, error: msgspec.ValidationError) -> None:
    raise error


def of_manifests(
    manifests: Iterable[LocatedManifest],
    snapshot: Snapshot,
    namespace: str,
    plugins: Plugins = NO_PLUGINS,
    on_error: OnError = raise_error,
) -> Iterator[Owned]:
    """As they would be without other admission than that of the API server itself."""
    for each in manifests:
        try:
            made = found_in(each.object, each.manifest, each.ref(namespace), (), snapshot, plugins)
        except msgspec.ValidationError as error:
            on_error(each, error)
        else:
            yield Owned(found=made, obj=each.object, located=each)


def found_in(
    obj: Json, manifest: Manifest, ref: Ref, pods: tuple[Pod, ...], snapshot: Snapshot, plugins: Plugins
) -> Found:
    template: Any = obj
    for step in manifest.at:
        template = template[step]
    workload = template_of(obj, manifest, ref, plugins)
    return found(workload, msgspec.convert(template["spec"], Spec), pods, snapshot)


def pods_in_a_rollout(obj: Json, pods: int) -> int:
    """How many of a Deployment exist at once: one more than `pods`, if none of them may be missing."""
    spec = obj.get("spec") or {}
    strategy = spec.get("strategy") or {}
    if obj.get("kind") != "Deployment" or strategy.get("type") == "Recreate":
        return pods
    text = str((strategy.get("rollingUpdate") or {}).get("maxUnavailable", "25%"))
    number = text.removesuffix("%")
    if not number.isdecimal():  # the API server refuses it
        return pods
    missing = int(number) * pods // 100 if text.endswith("%") else int(number)
    return pods if missing else pods + 1
