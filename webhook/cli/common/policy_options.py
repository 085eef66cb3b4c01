"""Which policies a command uses, and how: the flags that verbs share, as one value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, field

from webhook.engine.snapshot import Snapshot, snapshot_of
from webhook.model.accelerators import PATTERNS, Accelerators
from webhook.model.globs import glob
from webhook.model.names import Mode
from webhook.model.subject import Namespace
from webhook.policies.merge import in_force
from webhook.policies.shipped import Profile


class PolicyOptions(Struct, frozen=True, kw_only=True):
    """Named as the parameters of commands; None and empty mean the same."""

    policies: Sequence[str] | None = None
    """Files and directories."""
    builtin: Profile = Profile.SAFE
    preset: Sequence[str] | None = None
    mode: Mode = Mode.ENFORCE
    accelerator: Sequence[str] | None = None
    """Patterns of resource names, besides those that are built in."""
    namespace_labels: Mapping[str, str] = field(default_factory=dict)
    """Of every namespace, for a command that knows no cluster."""
    annotate: bool = True


def snapshot_from(options: PolicyOptions) -> Snapshot:
    """What a command decides by, without a cluster. Raises InputError for invalid policies."""
    patterns = tuple(map(glob, (*PATTERNS, *(options.accelerator or ()))))
    return snapshot_of(
        in_force(options.policies or (), options.builtin, options.preset or ()),
        mode=options.mode,
        accelerators=Accelerators(patterns),
        annotate=options.annotate,
        namespaces=_EveryNamespace(options.namespace_labels),
    )


class _EveryNamespace(Mapping[str, Namespace]):
    """Has every name, each with the same labels: manifests do not say what labels their namespace has."""

    def __init__(self, labels: Mapping[str, str]) -> None:
        self._labels = labels

    def __getitem__(self, name: str) -> Namespace:
        return Namespace(name, self._labels)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0
