"""A refused Pod, as it is handed to what writes Events."""

from __future__ import annotations

from msgspec import Struct


class ObjectReference(Struct, frozen=True, omit_defaults=True):
    """As in `core/v1`; `namespace` is empty for an object of the whole cluster."""

    apiVersion: str = ""
    kind: str = ""
    name: str = ""
    namespace: str = ""
    uid: str = ""


class Denial(Struct, frozen=True):
    """A Pod that policies refused, and not in a dry run."""

    regarding: ObjectReference
    """The controlling owner; the Pod if it has none."""
    policies: tuple[str, ...]
    """`Policy.key` of each that refuses it."""
    message: str
    """As in the answer to the API server."""
