"""What `export` says beside the objects: what is refused, what is left out, and what is lost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from webhook.cli.common.terminal import print_error, print_hint, warn
from webhook.export.refusals import Location, Refusal
from webhook.model.names import Mode
from webhook.model.policy import Origin, Policy

if TYPE_CHECKING:
    from webhook.policies.load import DocumentPart


def print_refused(reasons: Iterable[Refusal], paths: Sequence[str]) -> None:
    """Every reason, as `policies lint` prints problems."""
    reasons = [*reasons]
    for text, refusal in zip(_sentences(reasons, paths), reasons, strict=True):
        print_error(text, name=refusal.name)
    if any(each.policy for each in reasons):
        print_hint("--partial leaves these policies out, and exports the others")


def warn_left_out(left_out: Sequence[Refusal], paths: Sequence[str]) -> None:
    for text in _sentences(left_out, paths):
        warn(f"left out: {text}", name="left-out")


def print_lost(policies: Iterable[Policy]) -> None:
    """What the webhook would do beside, as far as it concerns these policies."""
    in_force = [each for each in policies if each.mode is Mode.ENFORCE]
    lost = [
        "mode Audit, warnings",
        "metrics and the log of reviews",
        "the annotation podtailor.dev/applied",
        "sight of ResourceQuotas, LimitRanges and tolerationsWhitelist",
    ]
    if any(each.resources and each.resources.container for each in in_force):
        lost[0] += " (of broken bounds too)"
    warn(f"an exported policy does not have: {', '.join(lost)}", name="lost-by-export")
    if any(each.origin is Origin.WORKLOAD_POLICY for each in in_force):
        warn(
            "WorkloadPolicies are exported as they are now: later changes need another export",
            name="export-outdated",
        )


def _sentences(reasons: Iterable[Refusal], paths: Sequence[str]) -> Iterator[str]:
    """As `file:line:column: field: reason (policy name)`."""
    reasons = [*reasons]
    written = _written(paths) if reasons else {}
    for each in reasons:
        if each.policy is None:
            yield each.reason
            continue
        part = written.get(each.policy.source)
        place = str(part.place(_resolved(part, each.at))) if part else each.policy.source
        parts = filter(None, (place, each.field, each.reason))
        yield f"{': '.join(parts)} (policy {each.policy.key})"


def _written(paths: Sequence[str]) -> dict[str, DocumentPart]:
    """Each policy of files by its `source`. Standard input cannot be read again."""
    from webhook.policies.load import load

    loaded = load(path for path in paths if path != "-")
    return {policy.source: part for policy, part in zip(loaded.policies, loaded.parts, strict=True)}


def _resolved(part: DocumentPart, at: Location) -> Location:
    """With the index of an item of `limits` instead of its type."""
    if at[:3] != ("spec", "resources", "limits"):
        return at
    items = part.data["spec"]["resources"]["limits"]
    index = next((index for index, each in enumerate(items) if each.get("type") == at[3]), 0)
    return (*at[:3], index, *at[4:])
