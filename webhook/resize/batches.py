"""Which Pods are resized together: first a few, then more, and never two of one Node. Pure.

One Pod of a Node at a time, because a kubelet can panic over a smaller memory limit (kubernetes#141100), and
because two raises on a Node may have room only one after the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from webhook.resize.plan import PodPlan


def batches(due: Sequence[PodPlan], *, canary: int, batch: int) -> Iterator[tuple[PodPlan, ...]]:
    """First `canary` Pods, then `batch` at a time. Pods whose containers restart go one after the other."""
    remaining = list(due)
    size = canary
    while remaining:
        chosen: list[PodPlan] = []
        for each in remaining:
            if any(each.pod.node == other.pod.node for other in chosen) or len(chosen) == size:
                continue
            if each.restarts and chosen:
                continue
            chosen.append(each)
            if each.restarts:
                break
        uids = {each.pod.uid for each in chosen}
        remaining = [each for each in remaining if each.pod.uid not in uids]
        yield tuple(chosen)
        size = batch
