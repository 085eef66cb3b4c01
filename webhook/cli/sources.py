"""Where commands take policies and namespaces from, beside files: the cluster, once or all the time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from webhook.cli.terminal import warn
from webhook.cluster import once
from webhook.cluster.client import Api, UnreachableError, api_client, current_namespace
from webhook.cluster.standing import Standing
from webhook.cluster.status import StatusWriter
from webhook.cluster.store import Store
from webhook.engine.snapshot import Snapshot
from webhook.files import InputError
from webhook.policies.shipped import Profile, shipped


class ClusterError(InputError):
    """There is no cluster, or it refuses."""


def files(snapshot: Snapshot, paths: list[str], builtin: Profile, names: list[str] | None) -> Store:
    """Policies of files, read again when they change."""
    return Store(snapshot, shipped(builtin, names or ()), paths, None)


def cluster(
    snapshot: Snapshot,
    paths: list[str] | None,
    builtin: Profile,
    names: list[str] | None,
    kubeconfig: str | None,
    context: str | None,
) -> Store:
    """Policies and namespaces of the cluster, and files beside them. Raises InputError."""
    with reached(kubeconfig, context, is_patient=False) as api:
        writer = StatusWriter(api)
        writer.start()
        return Store(snapshot, shipped(builtin, names or ()), paths or [], api, writer.wants)


def warn_of(standings: Iterable[Standing]) -> None:
    for each in standings:
        if not each.is_ready:
            warn(f"{each.named}: {each.message}; replicas that knew it before may hold an earlier version")


def namespace_of(given: str | None, kubeconfig: str | None, context: str | None) -> str:
    """What -n says, else the namespace of the context, as kubectl does. Raises InputError."""
    with _as_input_error():
        return given or current_namespace(kubeconfig, context)


def documents(kubeconfig: str | None, context: str | None) -> list[dict[str, Any]]:
    """The cluster's policies as they are written. Raises InputError."""
    with reached(kubeconfig, context) as api:
        return once.documents(api)


@contextmanager
def reached(kubeconfig: str | None, context: str | None, *, is_patient: bool = True) -> Iterator[Api]:
    """What the API server refuses, or that it is not there, as InputError."""
    with _as_input_error():
        yield api_client(kubeconfig, context, is_patient=is_patient)


@contextmanager
def _as_input_error() -> Iterator[None]:
    try:
        yield
    except UnreachableError as error:
        raise ClusterError(f"cluster: {error}") from error
