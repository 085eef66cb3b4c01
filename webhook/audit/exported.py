"""Policies that were exported: the API server applies them itself, with the webhook or without it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct, structs

from webhook.audit.enforcement import Enforcement, ExportedScope, Scope
from webhook.engine.snapshot import Snapshot
from webhook.export import marks
from webhook.export.refusals import refusals
from webhook.model.names import Mode
from webhook.model.policy import Policy, precedence
from webhook.model.subject import Namespace


class ExportedPolicy(Struct, frozen=True, kw_only=True):
    """A MutatingAdmissionPolicy that podtailor has made, as the cluster has it."""

    name: str
    scope: Scope
    digests: Mapping[str, str] = {}
    """What it was made from: digests of policies by key, in order of precedence."""
    flags: tuple[str, ...] = ()
    """With which it was exported, as `serve` takes them."""
    is_bound: bool = False
    """Whether there is a binding: without one the API server does not apply it."""
    policy: dict[str, Any] = {}
    binding: dict[str, Any] | None = None

    @property
    def title(self) -> str:
        return f"{marks.POLICY_KIND} {self.name}"


def problems_of(exported: Iterable[ExportedPolicy], policies: Iterable[Policy]) -> Iterator[str]:
    """What is wrong with them, by the policies that are in force."""
    ordered = sorted((each for each in policies if each.mode is Mode.ENFORCE), key=precedence)
    refused = {id(each.policy) for each in refusals(ordered)}  # those are the webhook's
    in_force = marks.digests(each for each in ordered if id(each) not in refused)
    exported = [*exported]
    for each in exported:
        if not each.is_bound:
            yield f"{each.title} has no {marks.BINDING_KIND}: the API server does not apply it"
            continue
        # Policies may be exported in several parts, by namespaces.
        of_others = {key for other in exported if other is not each for key in other.digests}
        own = {key: digest for key, digest in in_force.items() if key in each.digests or key not in of_others}
        found = marks.differences(each.digests, own)
        if found:
            yield f"{each.title} is older than the policies in force, or made from others: {found}"


def with_exported(
    enforcement: Enforcement, exported: Iterable[ExportedPolicy], snapshot: Snapshot
) -> Enforcement:
    """With where the API server applies which of the policies itself."""
    bound = [each for each in exported if each.is_bound]
    if not bound:
        return enforcement
    digests = {(each.source, each.key): marks.digest(each) for each in snapshot.policies}
    namespaces, webhook = snapshot.namespaces.values(), enforcement.webhook
    return structs.replace(
        enforcement,
        unselected=_unselected(webhook, namespaces) if webhook else frozenset(),
        exported=tuple(
            ExportedScope(
                each.scope,
                frozenset(name for name, digest in digests.items() if each.digests.get(name[1]) == digest),
                _unselected(each.scope, namespaces),
            )
            for each in bound
        ),
    )


def _unselected(scope: Scope, namespaces: Iterable[Namespace]) -> frozenset[str]:
    return frozenset(each.name for each in namespaces if scope.excludes(each, {}))
