"""Text for logs, responses and terminals: short and printable. A Pod may contain megabytes of anything."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

# The API server truncates warnings to this once together they exceed 4,096 characters (k8s.io/apiserver
# `pkg/endpoints/filters/warning.go`).
WARNING_LENGTH = 256
# The longest name of an object (`NameIsDNSSubdomain`).
NAME_LENGTH = 253
# A message in a log line or response.
MESSAGE_LENGTH = 1024
# `policy: container:nodeSelector.key`, each name of maximum length.
_ITEM_LENGTH = 640
# A whole list: some hundred names of usual length.
LIST_LENGTH = 4096


def truncate(text: str, length: int) -> str:
    """At most `length` characters, unprintable ones escaped: JSON would make them six times as long.

    For everything from outside that is logged, returned or stored.
    """
    if len(text) > length:
        text = f"{text[: length - 1]}…"
    if text.isprintable():
        return text
    escaped = "".join([each if each.isprintable() else repr(each)[1:-1] for each in text])
    return escaped if len(escaped) <= length else f"{escaped[: length - 1]}…"


def truncate_list(texts: Iterable[str]) -> tuple[str, ...]:
    """The first of them, each truncated; the last item counts the omitted ones."""
    shown: list[str] = []
    room, omitted = LIST_LENGTH, 0
    for text in texts:
        item = truncate(text, _ITEM_LENGTH)
        room -= len(item)
        if room < 0:
            omitted += 1
        else:
            shown.append(item)
    if omitted:
        shown.append(f"… {omitted} more")
    return tuple(shown)


def value_text(value: Any) -> str:
    """A value in one line: the policy of a resizePolicy entry, all parts of a toleration or a requirement."""
    if isinstance(value, list):
        return f"({', '.join(map(str, value))})"
    if not isinstance(value, dict):
        return str(value)
    if "preference" in value:
        expressions = map(value_text, value["preference"]["matchExpressions"])
        return f"{' and '.join(expressions)}, weight {value['weight']}"
    return str(value.get("restartPolicy") or " ".join(map(value_text, value.values())))
