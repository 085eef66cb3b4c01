"""The annotation `podtailor.dev/applied`: which policy set what. It explains; it is never proof.

Compact JSON, policy to sorted fields: `{"gpu":["app:requests.memory","pod:tolerations"]}`. The fields of an
existing annotation (from an earlier review, or a template that was tailored in a file) are kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import msgspec
from msgspec import Meta

from webhook.model.draft import Change
from webhook.model.names import APPLIED
from webhook.model.patch import Write

# More fields than any Pod has: podtailor never wrote a larger count.
_MAX_COUNT = 1_000_000
Applied = dict[str, list[str] | Annotated[int, Meta(ge=0, le=_MAX_COUNT)]]
"""By policy, its fields or only their count."""

# Beyond this, counts instead of fields: enough for a Pod of ten containers with every field set.
_MAX_BYTES = 4096
# `TotalAnnotationSizeLimitB` in k8s.io/apimachinery `pkg/api/validation/objectmeta.go`.
_ALL_ANNOTATIONS = 262_144


def applied_write(changes: Iterable[Change], annotations: dict[str, str | None]) -> Write | None:
    """The write that records `changes`; None if the Pod's annotations would become too large."""
    applied = applied_of(annotations.get(APPLIED))
    fields_of: dict[str, set[str]] = {}
    for change in changes:
        fields_of.setdefault(change.policy.name, set()).add(change.field)
    for policy, fields in fields_of.items():
        earlier = applied.get(policy, [])
        if isinstance(earlier, int):
            applied[policy] = min(earlier + len(fields), _MAX_COUNT)
        else:
            applied[policy] = [*fields.union(earlier)]
    text = _compact(applied)
    if len(text.encode()) > _MAX_BYTES:
        text = _compact({policy: _count(fields) for policy, fields in applied.items()})
    others = [each for key, value in annotations.items() if key != APPLIED for each in (key, value or "")]
    if len("".join((*others, APPLIED, text)).encode()) > _ALL_ANNOTATIONS:
        return None
    return Write(("metadata", "annotations", APPLIED), text)


def applied_of(text: str | None) -> Applied:
    """Read the annotation's value; empty if it is missing or not in our format."""
    if not text:
        return {}
    try:
        return msgspec.json.decode(text, type=Applied)
    except (msgspec.MsgspecError, ValueError):  # anyone may write an annotation
        return {}


def _compact(applied: Applied) -> str:
    ordered = {
        policy: sorted(fields) if isinstance(fields, list) else fields
        for policy, fields in sorted(applied.items())
    }
    return msgspec.json.encode(ordered).decode()


def _count(fields: list[str] | int) -> int:
    return len(fields) if isinstance(fields, list) else fields
