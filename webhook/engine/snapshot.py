"""What evaluation knows besides the Pod: immutable, swapped in whole from the background."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from webhook.engine.index import PolicyIndex
from webhook.model.accelerators import Accelerators
from webhook.model.names import MODE, Mode
from webhook.model.pod import PodView
from webhook.model.policy import Policy
from webhook.model.subject import Namespace

_MODE_LABELS = {"enforce": Mode.ENFORCE, "audit": Mode.AUDIT, "dryrun": Mode.AUDIT, "off": Mode.OFF}


class Request(Struct, frozen=True):
    """A Pod about to be created. Namespace from the request: older API servers leave it out of the Pod."""

    namespace: str
    pod: PodView


class Snapshot(Struct, frozen=True):
    """Policies, namespaces, and the server's own settings."""

    policies: PolicyIndex = PolicyIndex()
    namespaces: Mapping[str, Namespace] = {}
    mode: Mode = Mode.ENFORCE
    accelerators: Accelerators = Accelerators()
    annotate: bool = True
    knows_namespaces: bool = False
    """Whether `namespaces` are those of a cluster: then one that is missing may be about to come."""

    def namespace(self, name: str) -> Namespace:
        """The namespace as known; one that is not known counts as unlabelled."""
        return self.namespaces.get(name) or Namespace(name)


def snapshot_of(policies: Iterable[Policy], **settings: Any) -> Snapshot:
    return Snapshot(PolicyIndex(policies), **settings)


def mode_in(namespace: Namespace, snapshot: Snapshot) -> tuple[Mode, str | None]:
    """The namespace's mode and, for a label that nobody understands, a warning.

    The label, else the server's mode; the server's `Off` beats everything; an unknown value counts as Audit.
    """
    label = namespace.labels.get(MODE)
    if snapshot.mode is Mode.OFF or label is None:
        return snapshot.mode, None
    mode = _MODE_LABELS.get(label.lower())
    if mode:
        return mode, None
    return (
        Mode.AUDIT,
        f"unknown-mode: namespace label {MODE}={label!r} is not enforce, audit or off, and counts as audit",
    )
