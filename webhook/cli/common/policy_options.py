"""The flags of verbs that say which policies to use, and how, as one value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, field

from webhook.engine.snapshot import Snapshot, snapshot_of
from webhook.model.accelerators import PATTERNS, Accelerators
from webhook.model.globs import glob
from webhook.model.image_platforms import Known
from webhook.model.names import Mode
from webhook.model.subject import Namespace
from webhook.policies.merge import in_force
from webhook.policies.shipped import Profile


class PolicyOptions(Struct, frozen=True, kw_only=True):
    """Fields are named as the parameters of commands. None means the same as empty."""

    policies: Sequence[str] | None = None
    """Files and directories."""
    builtin: Profile = Profile.SAFE
    preset: Sequence[str] | None = None
    mode: Mode = Mode.ENFORCE
    accelerator: Sequence[str] | None = None
    """Globs on resource names, in addition to the built-in ones."""
    namespace_labels: Mapping[str, str] = field(default_factory=dict)
    """Of every namespace, if no cluster is read."""
    image_platforms: Known = field(default_factory=dict)
    annotate: bool = True
    kubernetes_version: int | None = None
    """The x of 1.x, if no cluster is read; None if it is not known."""


def snapshot_from(options: PolicyOptions) -> Snapshot:
    """Without a cluster. Raises InputError for invalid policies."""
    patterns = tuple(map(glob, (*PATTERNS, *(options.accelerator or ()))))
    return snapshot_of(
        in_force(options.policies or (), options.builtin, options.preset or ()),
        mode=options.mode,
        accelerators=Accelerators(patterns),
        annotate=options.annotate,
        namespaces=_EveryNamespace(options.namespace_labels),
        kubernetes=options.kubernetes_version,
        image_platforms=options.image_platforms,
    )


class _EveryNamespace(Mapping[str, Namespace]):
    """Every namespace, all with the same labels: manifests do not contain those of their namespace."""

    def __init__(self, labels: Mapping[str, str]) -> None:
        self._labels = labels

    def __getitem__(self, name: str) -> Namespace:
        return Namespace(name, self._labels)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0
