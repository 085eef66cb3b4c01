"""How an exported policy says what it was made from: labels and annotations of its two objects."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct, structs

from webhook.model.policy import Policy

GROUP_VERSION = "admissionregistration.k8s.io/v1"
POLICY_KIND = "MutatingAdmissionPolicy"
BINDING_KIND = "MutatingAdmissionPolicyBinding"

MANAGED_BY = "app.kubernetes.io/managed-by"
MANAGER = "podtailor-export"
LABELS = {"app.kubernetes.io/part-of": "podtailor", MANAGED_BY: MANAGER}

HASH = "podtailor.dev/export-hash"
"""Of all that decides: policies, options, and what they compile to. Equal for equal objects only."""
POLICIES = "podtailor.dev/exported-policies"
"""The policies in order of precedence, each with the digest of what it says, as JSON."""
OPTIONS = "podtailor.dev/export-options"
"""The built-in policies and presets that are among them, and further accelerators, as flags of `serve`."""
VERSION = "podtailor.dev/version"

_DIGITS = 12
"""Hexadecimal ones: of some hundred policies no two have the same digest by accident."""
_NOT_EXPORTED = ("source", "recommend")
"""Fields of a policy that change no Pod."""


def digest(policy: Policy) -> str:
    """Of what the policy does to Pods, wherever it is written. A default counts as if it were not there."""
    said = {name: value for name, value in _plain(policy).items() if name not in _NOT_EXPORTED}
    return hash_of(said)[:_DIGITS]


def digests(policies: Iterable[Policy]) -> dict[str, str]:
    """By key, in the order given."""
    return {policy.key: digest(policy) for policy in policies}


def hash_of(value: object) -> str:
    return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, Struct):
        return {
            field.name: _plain(getattr(value, field.name))
            for field in structs.fields(value)
            if getattr(value, field.name) not in (field.default, {})
        }
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, tuple | list | frozenset):
        return [_plain(each) for each in value]
    return value


def policies_of(annotations: Mapping[str, str]) -> dict[str, str]:
    """The digests by key that an annotation names; empty if it cannot be read: anybody may edit it."""
    try:
        return msgspec.json.decode(annotations.get(POLICIES, ""), type=dict[str, str])
    except msgspec.MsgspecError:
        return {}


def written_policies(policies: Iterable[Policy]) -> str:
    """The annotation `POLICIES`."""
    return msgspec.json.encode(digests(policies)).decode()


class Differences(Struct, frozen=True):
    """How the policies of an exported policy differ from others, by their keys."""

    changed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    """Not exported."""
    surplus: tuple[str, ...] = ()
    """Exported, and no longer there."""
    is_reordered: bool = False

    def __bool__(self) -> bool:
        return bool(self.changed or self.missing or self.surplus or self.is_reordered)

    def __str__(self) -> str:
        parts = [
            f"{what} {', '.join(keys)}"
            for what, keys in (
                ("changed since:", self.changed),
                ("not in it:", self.missing),
                ("no longer there:", self.surplus),
            )
            if keys
        ]
        return "; ".join([*parts, *(["their order is another"] if self.is_reordered else [])])


def differences(exported: Mapping[str, str], policies: Mapping[str, str]) -> Differences:
    """Both are digests by key, in order of precedence."""
    common = [key for key in exported if key in policies]
    return Differences(
        changed=tuple(key for key in common if exported[key] != policies[key]),
        missing=tuple(key for key in policies if key not in exported),
        surplus=tuple(key for key in exported if key not in policies),
        is_reordered=common != [key for key in policies if key in exported],
    )
