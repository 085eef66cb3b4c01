"""Words that leave for people: kept short, for what a Pod says may be megabytes."""

from __future__ import annotations

# The API server cuts each warning so once all together pass 4,096 characters (k8s.io/apiserver
# `pkg/endpoints/filters/warning.go`).
WARNING_LENGTH = 256
# The longest name of an object (`NameIsDNSSubdomain`): what is longer will not be admitted.
NAME_LENGTH = 253


def cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
