"""Which Pods are resized together: never two of one Node. Pure.

One Pod of a Node at a time, because a kubelet can panic over a smaller memory limit (kubernetes#141100), and
because two raises on a Node may have room only one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence

from webhook.resize.plan import PodPlan


def next_batch(due: Sequence[PodPlan], size: int) -> tuple[PodPlan, ...]:
    """The first Pods of these, at most `size`. Pods whose containers restart go one after the other."""
    chosen: list[PodPlan] = []
    for each in due:
        is_full = len(chosen) == size or any(each.pod.node == other.pod.node for other in chosen)
        if is_full or (each.restarts and chosen):
            continue
        chosen.append(each)
        if each.restarts:
            break
    return tuple(chosen)
