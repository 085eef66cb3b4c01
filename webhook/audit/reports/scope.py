"""What an audit covered and by which policies, in a few words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import groupby
from types import MappingProxyType

from msgspec import Struct

from webhook import __version__
from webhook.audit.enforcement import Tailor
from webhook.engine.snapshot import Snapshot, mode_in
from webhook.model.names import Mode
from webhook.model.policy import Origin, Policy

MAX_NAMES = 12
"""Of the policies of one origin; the rest are counted."""


class Scope(Struct, frozen=True, kw_only=True):
    of: str
    """What was audited: a cluster and how much of it, or files."""
    manifests: tuple[str, ...] = ()
    """The flags with which another command reads the same; empty if live Pods were audited."""
    connection: tuple[str, ...] = ()
    """The flags with which another command reads the same cluster."""
    usage: tuple[str, ...] = ()
    """The flags with which another command asks for the same usage; empty if none was asked for."""
    tried: tuple[str, ...] = ()
    """Files of policies that were tried, which need not be in the cluster."""
    what_if: bool = False
    """Whether everything was taken as enforced."""
    is_partial: bool = False
    """Whether the user may not read something of the cluster that decides."""


def facts(
    scope: Scope, snapshot: Snapshot, tailors: Mapping[Tailor, int] = MappingProxyType({})
) -> dict[str, list[str]]:
    """By label; values that are not known have none."""
    found = {
        "Manifests" if scope.manifests else "Cluster": [scope.of],
        "podtailor": [__version__],
        "Kubernetes": [f"1.{snapshot.kubernetes}"] if snapshot.kubernetes else [],
        "Mode": [_mode(snapshot)],
        "Tried": [
            *(f"{file} (policies tried from files)" for file in scope.tried),
            *(["as if everything were enforced"] if scope.what_if else []),
        ],
        "Policies": [*_policies(snapshot)] or ["none"],
        "New Pods tailored": [
            f"{count} {'owner' if count == 1 else 'owners'} by {tailor}" for tailor, count in tailors.items()
        ],
    }
    return {label: values for label, values in found.items() if values}


def _mode(snapshot: Snapshot) -> str:
    """The server's, and how many namespaces have another."""
    modes = Counter(mode_in(each, snapshot)[0] for each in snapshot.namespaces.values())
    others = [f"{modes[mode]} in {mode}" for mode in Mode if mode is not snapshot.mode and modes[mode]]
    namespaces = f" ({' and '.join(others)} of {modes.total()} namespaces)" if others else ""
    return f"{snapshot.mode}{namespaces}"


def _policies(snapshot: Snapshot) -> Iterator[str]:
    """As `built in (safe): gpu, general`, in order of precedence."""
    for label, policies in groupby(snapshot.policies, _origin):
        names = [*map(_name, policies)]
        more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
        yield f"{label}: {', '.join(names[:MAX_NAMES])}{more}"


def _origin(policy: Policy) -> str:
    return policy.source if policy.origin is Origin.BUILT_IN else str(policy.origin)


def _name(policy: Policy) -> str:
    return policy.key if policy.mode is Mode.ENFORCE else f"{policy.key} ({policy.mode})"
