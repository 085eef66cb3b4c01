"""How what is applied in a cluster differs from what policies compile to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from webhook.export import marks
from webhook.export.document import Exported, Json


class Difference(Struct, frozen=True):
    name: str
    """Its stable name, as in docs/messages.md."""
    text: str


def comparison(made: Exported, policy: Json | None, binding: Json | None) -> Iterator[Difference]:
    """`policy` and `binding` as the API server has them; None: there is none."""
    name = made.policy["metadata"]["name"]
    for kind, applied in ((marks.POLICY_KIND, policy), (marks.BINDING_KIND, binding)):
        if applied is None:
            yield Difference("not-exported", f"there is no {kind} {name}")
    if policy is not None:
        yield from _of_policy(made, policy)
    # Whoever moves namespace by namespace writes `matchResources` there.
    if binding is not None and binding["spec"].get("policyName") != name:
        yield Difference("export-edited", f"{marks.BINDING_KIND} {name} is not as it was exported")


def _of_policy(made: Exported, policy: Json) -> Iterator[Difference]:
    title = f"{marks.POLICY_KIND} {made.policy['metadata']['name']}"
    old, new = _annotations(policy), _annotations(made.policy)
    if old.get(marks.HASH) == new[marks.HASH]:
        fields = [*_differing(made.policy["spec"], policy["spec"])]
        if old.get(marks.POLICIES) != new[marks.POLICIES]:
            fields.append(f"annotation {marks.POLICIES}")
        if fields:
            detail = f"{title} has been edited: {', '.join(fields)} is not what its policies compile to"
            yield Difference("export-edited", detail)
        return
    found = marks.differences(marks.policies_of(old), marks.policies_of(new))
    if found:
        yield Difference("export-outdated", f"{title} was made from other policies: {found}")
    elif old.get(marks.OPTIONS) != new[marks.OPTIONS]:
        detail = f"{title} was made with other options: {old.get(marks.OPTIONS) or 'none'}"
        yield Difference("export-outdated", detail)
    else:
        version = old.get(marks.VERSION) or "another version"
        fields = [*_differing(made.policy["spec"], policy["spec"])] or ["its annotations"]
        detail = (
            f"{title} was made from these policies by podtailor {version}, perhaps for another version of "
            f"Kubernetes or with another --reinvocation: {', '.join(fields)} differ"
        )
        yield Difference("export-outdated", detail)


def _annotations(obj: Json) -> Mapping[str, str]:
    return obj["metadata"].get("annotations") or {}


def _differing(made: Json, applied: Mapping[str, Any]) -> Iterator[str]:
    for field in dict.fromkeys((*made, *applied)):
        one, other = made.get(field), applied.get(field)
        if one != other:
            yield f"spec.{field}"
