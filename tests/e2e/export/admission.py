"""Creations of Pods that store nothing: what the API server would store, as it writes it. Several at once."""

from __future__ import annotations

import http.client
import ssl
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import TypeVar

import msgspec
from msgspec import Struct

from tests.e2e.controlplane.cluster import ControlPlane
from tests.support.pods import Json

PLAIN = "export-plain"
"""A namespace in which no policies are in force."""
T = TypeVar("T")
W = TypeVar("W")
# Two processors: while one waits for the API server another reads.
_AT_ONCE = 4
# What differs between two creations of one Pod. managedFields say when, and say again what is compared.
_OF_ITS_CREATION = ("uid", "creationTimestamp", "namespace", "managedFields")


class Answer(Struct, frozen=True):
    status: int
    body: Json
    """The Pod without what differs at each creation; or why there is none."""

    @property
    def is_refusal(self) -> bool:
        return self.status != HTTPStatus.CREATED


class Admission:
    """A connection a thread, kept open: the client library takes longer than the API server."""

    def __init__(self, cluster: ControlPlane) -> None:
        self._host, self._port = "127.0.0.1", int(cluster.url.rpartition(":")[2])
        self._headers = {"Authorization": f"Bearer {cluster.token}", "Content-Type": "application/json"}
        self._trust = ssl.create_default_context(cafile=cluster.ca)
        self._of_thread = threading.local()
        self._opened: list[http.client.HTTPSConnection] = []

    def create(self, namespace: str, pod: Json, *, is_dry_run: bool = True) -> Answer:
        """Without a token's volume, whose name is drawn by lot. Raises OSError while nobody answers."""
        metadata = {key: value for key, value in pod["metadata"].items() if key not in _OF_ITS_CREATION}
        spec = {**pod["spec"], "automountServiceAccountToken": False}
        return self.create_as_it_is(
            namespace, {**pod, "metadata": metadata, "spec": spec}, is_dry_run=is_dry_run
        )

    def create_as_it_is(self, namespace: str, pod: Json, *, is_dry_run: bool = True) -> Answer:
        path = f"/api/v1/namespaces/{namespace}/pods{'?dryRun=All' if is_dry_run else ''}"
        status, body = self._asked(path, msgspec.json.encode(pod))
        for field in _OF_ITS_CREATION:
            body.get("metadata", {}).pop(field, None)
        return Answer(status, body)

    def _asked(self, path: str, text: bytes) -> tuple[int, Json]:
        connection = self._connection()
        try:
            connection.request("POST", path, text, self._headers)
            response = connection.getresponse()
            return response.status, msgspec.json.decode(response.read())
        except (OSError, http.client.HTTPException) as error:
            connection.close()  # it is opened again when it is asked next
            raise ConnectionError(repr(error)) from error

    def _connection(self) -> http.client.HTTPSConnection:
        held: http.client.HTTPSConnection | None = getattr(self._of_thread, "held", None)
        if held is None:
            held = http.client.HTTPSConnection(self._host, self._port, timeout=60, context=self._trust)
            self._of_thread.held = held
            self._opened.append(held)
        return held

    def close(self) -> None:
        for each in self._opened:
            each.close()


def at_once(work: Callable[[T], W], items: Iterable[T]) -> list[W]:
    """The results in the order of the items."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return [*pool.map(work, items)]
