"""The cluster as it would be if all that is only audited were enforced."""

from __future__ import annotations

from msgspec import structs

from webhook.engine.snapshot import Snapshot, mode_in
from webhook.model.names import MODE, Mode
from webhook.model.policy import Policy
from webhook.model.subject import Namespace


def enforced(snapshot: Snapshot) -> Snapshot:
    """What is off stays off, and so do those who opted out."""
    return structs.replace(
        snapshot,
        mode=Mode.ENFORCE,
        by_namespace={
            name: tuple(map(_policy, policies)) for name, policies in snapshot.by_namespace.items()
        },
        namespaces={name: _namespace(namespace, snapshot) for name, namespace in snapshot.namespaces.items()},
    )


def _policy(policy: Policy) -> Policy:
    return structs.replace(policy, mode=Mode.ENFORCE) if policy.mode is Mode.AUDIT else policy


def _namespace(namespace: Namespace, snapshot: Snapshot) -> Namespace:
    if mode_in(namespace, snapshot)[0] is not Mode.AUDIT:
        return namespace
    labels = {key: value for key, value in namespace.labels.items() if key != MODE}
    return structs.replace(namespace, labels=labels)
