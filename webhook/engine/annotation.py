"""The annotation `podtailor.dev/applied`: which policy set what. It explains; it is never proof.

Compact JSON, policy to sorted fields: `{"gpu":["app:requests.memory","pod:tolerations"]}`. What a readable
older one says (another round, a template tailored in a file) stays.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import msgspec
from msgspec import Meta

from webhook.model.draft import Change
from webhook.model.names import APPLIED
from webhook.model.patch import Write

# More fields than any Pod has. A count that is larger is none of ours, nor is one of thousands of digits.
_MAX_COUNT = 1_000_000
Applied = dict[str, list[str] | Annotated[int, Meta(ge=0, le=_MAX_COUNT)]]

# Past this, counts instead of fields: enough for a Pod of ten containers with every field set.
_MAX_BYTES = 4096
# `TotalAnnotationSizeLimitB` in k8s.io/apimachinery `pkg/api/validation/objectmeta.go`.
_ALL_ANNOTATIONS = 262_144


def applied_write(changes: Iterable[Change], annotations: dict[str, str | None]) -> Write | None:
    """The write that records `changes`; None where all annotations together would become too large."""
    applied = applied_of(annotations.get(APPLIED))
    set_now: dict[str, set[str]] = {}
    for change in changes:
        set_now.setdefault(change.policy.name, set()).add(change.field)
    for name, fields in set_now.items():
        said = applied.get(name, [])
        applied[name] = (
            min(said + len(fields), _MAX_COUNT) if isinstance(said, int) else [*fields.union(said)]
        )
    text = _compact(applied)
    if len(text.encode()) > _MAX_BYTES:
        text = _compact(
            {name: len(said) if isinstance(said, list) else said for name, said in applied.items()}
        )
    others = [each for key, value in annotations.items() if key != APPLIED for each in (key, value or "")]
    if len("".join((*others, APPLIED, text)).encode()) > _ALL_ANNOTATIONS:
        return None
    return Write(("metadata", "annotations", APPLIED), text)


def applied_of(text: str | None) -> Applied:
    """What the annotation of a Pod says; nothing if somebody else wrote something else there."""
    if not text:
        return {}
    try:
        return msgspec.json.decode(text, type=Applied)
    except (msgspec.MsgspecError, ValueError):  # anyone may write an annotation: unreadable is as absent
        return {}


def _compact(applied: Applied) -> str:
    ordered = {
        name: sorted(said) if isinstance(said, list) else said for name, said in sorted(applied.items())
    }
    return msgspec.json.encode(ordered).decode()
