"""What leaves for logs, answers and terminals: short and printable. A Pod may say megabytes of anything."""

from __future__ import annotations

from collections.abc import Iterable

# The API server cuts each warning so once all together pass 4,096 characters (k8s.io/apiserver
# `pkg/endpoints/filters/warning.go`).
WARNING_LENGTH = 256
# The longest name of an object (`NameIsDNSSubdomain`): what is longer will not be admitted.
NAME_LENGTH = 253
# A sentence for a log line or an answer; an audit log keeps what it is given.
MESSAGE_LENGTH = 1024
# `policy: container:nodeSelector.key`, each as long as its kind of name may be.
_ITEM_LENGTH = 640
# Of a whole list: some hundred names as people give them.
LIST_LENGTH = 4096


def truncate(text: str, length: int) -> str:
    """At most `length` characters. What cannot be printed is escaped, or JSON makes it six times as long.

    The one rule for everything that comes from outside and is logged, answered or kept.
    """
    if len(text) > length:
        text = f"{text[: length - 1]}…"
    if text.isprintable():
        return text
    escaped = "".join([each if each.isprintable() else repr(each)[1:-1] for each in text])
    return escaped if len(escaped) <= length else f"{escaped[: length - 1]}…"


def truncate_list(texts: Iterable[str]) -> tuple[str, ...]:
    """The first of them, each cut; the last item counts those that are left out."""
    shown: list[str] = []
    room, left_out = LIST_LENGTH, 0
    for text in texts:
        item = truncate(text, _ITEM_LENGTH)
        room -= len(item)
        if room < 0:
            left_out += 1
        else:
            shown.append(item)
    if left_out:
        shown.append(f"… {left_out} more")
    return tuple(shown)
