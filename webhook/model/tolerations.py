"""Comparison of tolerations, as in the API server.

Source: `isSuperset` in k8s.io/kubernetes `pkg/util/tolerations/tolerations.go`.
"""

from __future__ import annotations

from webhook.model.pod import Toleration


def is_superset(one: Toleration, other: Toleration) -> bool:
    """Whether `one` tolerates every taint that `other` tolerates, exactly as the source decides.

    It takes a missing operator as Equal in `one`, but not in `other`.
    """
    if (one.key or "") != (other.key or "") and (one.key or one.operator != "Exists"):
        return False
    if one.effect and one.effect != other.effect:
        return False
    if one.effect == "NoExecute" and one.tolerationSeconds is not None:
        seconds = other.tolerationSeconds
        if seconds is None or seconds > one.tolerationSeconds:
            return False
    if one.operator in (None, "", "Equal") and other.operator == "Equal":
        return (one.value or "") == (other.value or "")
    return one.operator == "Exists" or _plain(one) == _plain(other)


def _plain(toleration: Toleration) -> tuple[str | int | None, ...]:
    """All fields; an empty string means unset."""
    fields = (toleration.key, toleration.operator, toleration.value, toleration.effect)
    return (*(each or None for each in fields), toleration.tolerationSeconds)
