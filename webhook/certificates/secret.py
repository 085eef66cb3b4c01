"""The Secret that all replicas share: whoever is first writes it, the others take what it wrote.

The API server refuses a write that was made from an older Secret, so none is ever written over unseen.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable
from typing import Any

from kubernetes.client import ApiClient, ApiException
from urllib3.exceptions import HTTPError

from certs.keyring import Keyring, from_secret, to_secret
from webhook.cluster.request import JSON, request
from webhook.errors import RotationError

log = logging.getLogger("podtailor.certs")

SECONDS = 5
"""For one call of the API server."""
_CONFLICT, _NOT_FOUND = 409, 404


class SharedSecret:
    def __init__(self, api: ApiClient, namespace: str, name: str) -> None:
        self._api = api
        self._namespace, self._name = namespace, name
        self._folder = f"/api/v1/namespaces/{namespace}/secrets"
        self._path = f"{self._folder}/{name}"

    def __str__(self) -> str:
        return f"Secret {self._namespace}/{self._name}"

    def agreed(self, due: Callable[[Keyring | None], Keyring]) -> Keyring:
        """What all replicas hold once `due` has said what should be held in place of what is.

        `due` gets None where there is no Secret or it is damaged, and returns what it got where nothing is to
        be written. Raises RotationError.
        """
        try:
            return self._agreed(due)
        except ApiException as error:
            raise RotationError(f"{self}: {error.status} {error.reason}") from error
        except (HTTPError, OSError) as error:
            raise RotationError(f"{self}: {error}") from error

    def _agreed(self, due: Callable[[Keyring | None], Keyring]) -> Keyring:
        while True:
            secret = self._read()
            stored = from_secret(_decoded(secret)) if secret else None
            keyring = due(stored)
            if keyring is stored:
                return keyring
            try:
                self._write(secret, keyring)
            except ApiException as error:
                if error.status != _CONFLICT:
                    raise
            else:
                log.info("Secret written", extra={"until": keyring.serving.certificate.not_valid_after_utc})
                return keyring

    def _read(self) -> dict[str, Any] | None:
        try:
            secret: dict[str, Any] = json.loads(self._send("GET", self._path))
        except ApiException as error:
            if error.status != _NOT_FOUND:
                raise
            return None
        return secret

    def _write(self, secret: dict[str, Any] | None, keyring: Keyring) -> None:
        """Raises ApiException with status 409 where another was faster."""
        data = {name: base64.b64encode(pem).decode() for name, pem in to_secret(keyring).items()}
        if secret is None:
            made = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": self._name}}
            self._send("POST", self._folder, {**made, "type": "kubernetes.io/tls", "data": data})
        else:
            self._send("PUT", self._path, {**secret, "data": data})  # its resourceVersion goes along

    def _send(self, method: str, path: str, body: object = None) -> bytes:
        return request(self._api, method, path, body, content_type=JSON, seconds=SECONDS)


def _decoded(secret: dict[str, Any]) -> dict[str, bytes]:
    return {name: base64.b64decode(value) for name, value in (secret.get("data") or {}).items()}
