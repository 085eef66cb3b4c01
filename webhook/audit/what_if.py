"""The cluster as it would be if everything that is only audited were enforced."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import structs

from webhook.audit.enforcement import NOT_ENFORCED, Enforcement, Scope
from webhook.engine.index import PolicyIndex
from webhook.engine.snapshot import Snapshot, mode_in
from webhook.model.names import MODE, Mode
from webhook.model.policy import Policy
from webhook.model.selectors import Selector
from webhook.model.subject import Namespace


def enforced(snapshot: Snapshot) -> Snapshot:
    """Modes Off and opt-outs stay."""
    return structs.replace(
        snapshot,
        mode=Mode.OFF if snapshot.mode is Mode.OFF else Mode.ENFORCE,
        policies=PolicyIndex(map(_policy, snapshot.policies)),
        namespaces=_Enforced(snapshot),
    )


def in_force(enforcement: Enforcement, snapshot: Snapshot) -> Enforcement:
    """Only what is in force already: the rest never was."""
    webhook = enforcement.webhook
    if (webhook is None and not enforcement.exported) or snapshot.mode is not Mode.ENFORCE:
        return NOT_ENFORCED
    audited = {(each.source, each.key) for each in snapshot.policies if each.mode is Mode.AUDIT}
    unenforced = {
        name
        for name, namespace in snapshot.namespaces.items()
        if mode_in(namespace, snapshot)[0] is Mode.AUDIT or enforcement.excludes(namespace, {})
    }
    return structs.replace(
        enforcement,
        webhook=webhook and _everywhere(webhook),
        exported=tuple(
            structs.replace(each, scope=_everywhere(each.scope), unselected=frozenset())
            for each in enforcement.exported
        ),
        unselected=frozenset(),
        policies={key: time for key, time in enforcement.policies.items() if key not in audited},
        unenforced_namespaces=frozenset(unenforced),
    )


def _everywhere(scope: Scope) -> Scope:
    return structs.replace(scope, namespaces=Selector(()), objects=Selector(()))


class _Enforced(Mapping[str, Namespace]):
    """Computed per lookup: a snapshot of files has every namespace."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def __getitem__(self, name: str) -> Namespace:
        return _namespace(self._snapshot.namespaces[name], self._snapshot)

    def __iter__(self) -> Iterator[str]:
        return iter(self._snapshot.namespaces)

    def __len__(self) -> int:
        return len(self._snapshot.namespaces)


def _policy(policy: Policy) -> Policy:
    return structs.replace(policy, mode=Mode.ENFORCE) if policy.mode is Mode.AUDIT else policy


def _namespace(namespace: Namespace, snapshot: Snapshot) -> Namespace:
    if mode_in(namespace, snapshot)[0] is not Mode.AUDIT:
        return namespace
    labels = {key: value for key, value in namespace.labels.items() if key != MODE}
    return structs.replace(namespace, labels=labels)
