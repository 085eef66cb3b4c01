"""What a Pod or its namespace says to podtailor in words that it does not know, and what they could be.

A switch that is misspelt would otherwise be off without a word: nobody reads a label twice that was accepted.
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
_KNOWN = {
    _POD_LABEL: (INJECTION, WORKLOAD_TYPE, PRESET),
    _POD_ANNOTATION: (SKIP_CONTAINERS, APPLIED),
    _NAMESPACE_LABEL: (INJECTION, MODE, DEFAULT_WORKLOAD_TYPE),
}
# Of one Pod: an answer has room for five warnings.
_MAX_WARNINGS = 5
# Comparing takes the square of the length, and no key that is known is longer than half of this.
_MAX_COMPARED = 64
_Texts = Mapping[str, str | None]


def metadata_warnings(metadata: ObjectMeta, namespace: Namespace) -> list[Notice]:
    """Of each label and annotation of ours with a key or value that is not known."""
    keys = (*(metadata.labels or ()), *(metadata.annotations or ()), *namespace.labels)
    if PREFIX not in "\n".join(keys):
        return []  # as of nearly every Pod, and without a look at each key
    said = itertools.chain(
        _in(_POD_LABEL, metadata.labels or {}),
        _in(_POD_ANNOTATION, metadata.annotations or {}),
        _in(_NAMESPACE_LABEL, namespace.labels),
    )
    return list(itertools.islice(said, _MAX_WARNINGS))


def opts_out(texts: _Texts) -> bool:
    """Whether the switch is at anything but `enabled`: a value that is not known has the safe meaning."""
    return INJECTION in texts and texts[INJECTION] != "enabled"


def misplaced_keys(controller: ObjectMeta, template: ObjectMeta, kind: str) -> list[Notice]:
    """What stands on the controller itself, not on its Pod template, and is read of Pods alone."""
    own, of_pods = ({**(each.annotations or {}), **(each.labels or {})} for each in (controller, template))
    return [
        Notice(
            "misplaced-key",
            f"{key} stands on the {kind}, and is read of its Pods: write it into the Pod template",
        )
        for key in (*_KNOWN[_POD_LABEL], SKIP_CONTAINERS)
        if key in own and key not in of_pods
    ]


def _in(place: str, texts: _Texts) -> Iterator[Notice]:
    for key, value in texts.items():
        if not key.startswith(PREFIX):
            continue
        if key not in _KNOWN[place]:
            counts = (
                "it counts as disabled, but " if place == _POD_ANNOTATION and opts_out({key: value}) else ""
            )
            yield Notice("unknown-key", f"{place} {key}: {counts}{_hint(place, key)}")
        elif key == INJECTION and value not in ("enabled", "disabled"):
            detail = f"{place} {key}={value!r} counts as disabled: write enabled or disabled"
            yield Notice("unknown-injection", detail)


def _hint(place: str, key: str) -> str:
    meant = next(
        (other for other in (_POD_LABEL, _POD_ANNOTATION, _NAMESPACE_LABEL) if key in _KNOWN[other]), None
    )
    if meant:
        return f"podtailor reads it as a {meant}"
    known = [name.removeprefix(PREFIX) for names in (_KNOWN[place], *_KNOWN.values()) for name in names]
    word = key.removeprefix(PREFIX)
    close = difflib.get_close_matches(word, known, n=1) if len(word) <= _MAX_COMPARED else []
    return f"did you mean {PREFIX}{close[0]}?" if close else f"known are {', '.join(_KNOWN[place])}"
