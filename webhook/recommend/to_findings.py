"""Recommendations as findings of the audit. Pure.

What is recommended decides: a value to be raised is too small, one to be lowered too large. What cannot be
judged is no finding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from webhook.audit.findings import Finding, Item
from webhook.model.pod_resources import SIDES
from webhook.model.quantity import of_milli
from webhook.recommend.reasons import UNJUDGED, Name
from webhook.recommend.recommend import Recommendation


def findings(found: Iterable[Recommendation]) -> Iterator[Item]:
    """For each value of each container that is to change; a limit that is not set is not too small."""
    for each in found:
        for resource, advice in each.advice.items():
            changed = advice.before.changed(advice.after)
            for side, old, new in zip(SIDES, advice.before, changed, strict=True):
                if new is None or (side == "limits" and old is None):
                    continue
                yield Item(
                    Finding.OVERSIZED if new < (old or 0) else Finding.UNDERSIZED,
                    field=f"{each.container}:{side}.{resource}",
                    before=None if old is None else of_milli(old).text,
                    after=of_milli(new).text,
                    why=str(advice.why),
                )


def unsure(found: Iterable[Recommendation]) -> str:
    """One line about the containers that usage does not judge, or not surely; empty if there are none.

    As in: `not judged by usage: 1 container not-measured (Deployment shop/web app: nothing was measured)`.
    """
    examples: dict[Name, list[str]] = {}
    for each in found:
        whys = [advice.why for advice in each.advice.values()]
        why = next((why for why in whys if why.name in (*UNJUDGED, Name.RAISES_ONLY)), None)
        if why:
            examples.setdefault(why.name, []).append(f"{each.owner} {each.container}: {why}")
    parts = [
        f"{len(several)} container{'s' if len(several) > 1 else ''} {name} "
        f"({several[0]}{', …' if len(several) > 1 else ''})"
        for name, several in sorted(examples.items())
    ]
    return f"not judged by usage: {'; '.join(parts)}" if parts else ""
