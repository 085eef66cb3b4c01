"""The Secret that all replicas share: the first replica writes it, the others use what it wrote.

Each write carries the resourceVersion that it is based on, so none overwrites a change that was not read.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from kubernetes.client import ApiClient, ApiException
from urllib3.exceptions import HTTPError

from certs.keyring import Keyring, from_secret, to_secret
from webhook.cluster.request import JSON, request
from webhook.errors import RotationError

log = logging.getLogger("podtailor.certs")

TIMEOUT_SECONDS = 5
"""For one call to the API server."""


class SharedSecret:
    def __init__(self, api: ApiClient, namespace: str, name: str) -> None:
        self._api = api
        self._namespace, self._name = namespace, name
        self._collection = f"/api/v1/namespaces/{namespace}/secrets"
        self._path = f"{self._collection}/{name}"

    def __str__(self) -> str:
        return f"Secret {self._namespace}/{self._name}"

    def update(self, change: Callable[[Keyring | None], Keyring]) -> Keyring:
        """Write the keyring that `change` makes of the stored one, and return it. Raises RotationError.

        `change` gets None if the Secret is missing or damaged. If it returns what it got, nothing is written.
        After a conflict the Secret is read and changed again.
        """
        try:
            return self._update(change)
        except ApiException as error:
            raise RotationError(f"{self}: {error.status} {error.reason}") from error
        except (HTTPError, OSError) as error:
            raise RotationError(f"{self}: {error}") from error

    def _update(self, change: Callable[[Keyring | None], Keyring]) -> Keyring:
        while True:
            secret = self._read()
            stored = from_secret(_decode(secret)) if secret else None
            keyring = change(stored)
            if keyring is stored:
                return keyring
            try:
                self._write(secret, keyring)
            except ApiException as error:
                if error.status != HTTPStatus.CONFLICT:
                    raise
            else:
                log.info("Secret written", extra={"until": keyring.serving.certificate.not_valid_after_utc})
                return keyring

    def _read(self) -> dict[str, Any] | None:
        try:
            secret: dict[str, Any] = json.loads(self._send("GET", self._path))
        except ApiException as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            return None
        return secret

    def _write(self, secret: dict[str, Any] | None, keyring: Keyring) -> None:
        """Raises ApiException with status 409 if another replica wrote it first."""
        data = {name: base64.b64encode(pem).decode() for name, pem in to_secret(keyring).items()}
        if secret is None:
            new = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": self._name}}
            self._send("POST", self._collection, {**new, "type": "kubernetes.io/tls", "data": data})
        else:
            self._send("PUT", self._path, {**secret, "data": data})  # with its resourceVersion

    def _send(self, method: str, path: str, body: object = None) -> bytes:
        return request(self._api, method, path, body, content_type=JSON, seconds=TIMEOUT_SECONDS)


def _decode(secret: dict[str, Any]) -> dict[str, bytes]:
    return {name: base64.b64decode(value) for name, value in (secret.get("data") or {}).items()}
