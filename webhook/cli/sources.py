"""Where `serve` takes its snapshots from."""

from __future__ import annotations

from webhook.cluster.client import UnreachableError, api_client
from webhook.cluster.status import StatusWriter
from webhook.cluster.store import Store
from webhook.engine.snapshot import Snapshot
from webhook.files import InputError
from webhook.policies.shipped import Profile, built_in, presets


def files(snapshot: Snapshot, paths: list[str], builtin: Profile, names: list[str] | None) -> Store:
    """Policies of files, read again when they change."""
    return Store(snapshot, (*presets(names or ()), *built_in(builtin)), paths, None)


def cluster(
    snapshot: Snapshot,
    paths: list[str] | None,
    builtin: Profile,
    names: list[str] | None,
    kubeconfig: str | None,
    context: str | None,
) -> Store:
    """Policies and namespaces of the cluster, and files beside them. Raises InputError."""
    try:
        api = api_client(kubeconfig, context)
    except UnreachableError as error:
        raise InputError(f"--from-cluster: {error}") from error
    writer = StatusWriter(api)
    writer.start()
    shipped = (*presets(names or ()), *built_in(builtin))
    return Store(snapshot, shipped, paths or [], api, writer.wants)
