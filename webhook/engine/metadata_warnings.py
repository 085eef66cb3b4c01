"""Warn about podtailor labels and annotations that are misspelt, misplaced or have an unknown value.

The API server accepts any of them, so a misspelt opt-out would otherwise go unnoticed.
"""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterator, Mapping

from webhook.model.names import (
    APPLIED,
    DEFAULT_WORKLOAD_TYPE,
    INJECTION,
    MODE,
    PREFIX,
    PRESET,
    SKIP_CONTAINERS,
    WORKLOAD_TYPE,
)
from webhook.model.notice import Notice
from webhook.model.pod import ObjectMeta
from webhook.model.subject import Namespace

_POD_LABEL, _POD_ANNOTATION, _NAMESPACE_LABEL = "Pod label", "Pod annotation", "namespace label"
KNOWN = {
    _POD_LABEL: (INJECTION, WORKLOAD_TYPE, PRESET),
    _POD_ANNOTATION: (SKIP_CONTAINERS, APPLIED),
    _NAMESPACE_LABEL: (INJECTION, MODE, DEFAULT_WORKLOAD_TYPE),
}
# An answer has room for five.
_MAX_WARNINGS = 5
# Comparing takes quadratic time, and no known key is longer than half of this.
_MAX_COMPARED = 64
_Pairs = Mapping[str, str | None]


def metadata_warnings(metadata: ObjectMeta, namespace: Namespace) -> list[Notice]:
    """One for each `podtailor.dev/` label and annotation with an unknown key or value."""
    keys = (*(metadata.labels or ()), *(metadata.annotations or ()), *namespace.labels)
    if PREFIX not in "\n".join(keys):
        return []  # nearly every Pod
    warnings = itertools.chain(
        _warnings(_POD_LABEL, metadata.labels or {}),
        _warnings(_POD_ANNOTATION, metadata.annotations or {}),
        _warnings(_NAMESPACE_LABEL, namespace.labels),
    )
    return list(itertools.islice(warnings, _MAX_WARNINGS))


def opts_out(pairs: _Pairs) -> bool:
    """Whether `podtailor.dev/injection` is anything but `enabled`: an unknown value opts out, to be safe."""
    return INJECTION in pairs and pairs[INJECTION] != "enabled"


def misplaced_keys(controller: ObjectMeta, template: ObjectMeta, kind: str) -> list[Notice]:
    """Keys that are set on a controller but only read from its Pods, and are not in the Pod template."""
    own, of_template = (
        {**(each.annotations or {}), **(each.labels or {})} for each in (controller, template)
    )
    return [
        Notice(
            "misplaced-key",
            f"{key} is set on the {kind}, but read from its Pods: set it in the Pod template",
        )
        for key in (*KNOWN[_POD_LABEL], SKIP_CONTAINERS)
        if key in own and key not in of_template
    ]


def _warnings(place: str, pairs: _Pairs) -> Iterator[Notice]:
    for key, value in pairs.items():
        if not key.startswith(PREFIX):
            continue
        if key not in KNOWN[place]:
            is_off = place == _POD_ANNOTATION and opts_out({key: value})
            effect = "it counts as disabled, but " if is_off else ""
            yield Notice("unknown-key", f"{place} {key}: {effect}{_hint(place, key)}")
        elif key == INJECTION and value not in ("enabled", "disabled"):
            detail = f"{place} {key}={value!r} counts as disabled: write enabled or disabled"
            yield Notice("unknown-injection", detail)


def _hint(place: str, key: str) -> str:
    right_place = next((other for other, keys in KNOWN.items() if key in keys), None)
    if right_place:
        return f"podtailor reads it as a {right_place}"
    known = [name.removeprefix(PREFIX) for names in (KNOWN[place], *KNOWN.values()) for name in names]
    word = key.removeprefix(PREFIX)
    close = difflib.get_close_matches(word, known, n=1) if len(word) <= _MAX_COMPARED else []
    return f"did you mean {PREFIX}{close[0]}?" if close else f"known keys: {', '.join(KNOWN[place])}"
