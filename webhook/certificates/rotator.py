"""Rotate an installation's certificates: in a Secret, in files, and in the caBundle that API servers trust.

Every replica runs this, without a leader.
"""

from __future__ import annotations

import base64
import json
import logging
import socket
import ssl
from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from kubernetes.client import ApiClient, ApiException
from msgspec import Struct
from urllib3.exceptions import HTTPError

from certs.files import TLS_CERT, TLS_KEY, write
from certs.keyring import DEFAULT_LIFETIMES, Keyring, Lifetimes, as_published, renewed, to_secret
from webhook.certificates.lockout import lockout
from webhook.certificates.secret import TIMEOUT_SECONDS, SharedSecret
from webhook.cluster.request import APPLY, request
from webhook.errors import RotationError

log = logging.getLogger("podtailor.certs")

_CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"


class RotationTarget(Struct, frozen=True, kw_only=True):
    """The objects that hold an installation's certificates, and where its Service answers."""

    namespace: str
    secret: str
    configuration: str
    """Name of the MutatingWebhookConfiguration."""
    hosts: Sequence[str]
    """Names in the serving certificate. The API server verifies the first."""
    address: tuple[str, int]
    """Host and port of the Service."""


class CertRotator:
    """Rotates certificates on behalf of one replica, whose certificate and key are in `folder`."""

    def __init__(
        self, api: ApiClient, target: RotationTarget, folder: Path, lifetimes: Lifetimes = DEFAULT_LIFETIMES
    ) -> None:
        self._lifetimes = lifetimes
        self._secret = SharedSecret(api, target.namespace, target.secret)
        self._api = api
        self._target = target
        self._path = f"{_CONFIGURATIONS}/{target.configuration}"
        self._folder = folder
        self._keyring: Keyring | None = None
        self._files: dict[str, bytes] = {}
        self._is_trusted = False
        self.certificate, self.key = folder / TLS_CERT, folder / TLS_KEY

    def is_trusted(self) -> bool:
        """Whether the webhook configuration, when last read, trusted the certificate of this replica."""
        return self._is_trusted

    def reconcile(self, now: datetime) -> None:
        """Sync the Secret, then write the caBundle. Raises RotationError."""
        keyring = self.sync_secret(now)
        try:
            configuration = self._read_configuration()
            if configuration is None:
                self._is_trusted = False
                log.warning(
                    "webhook configuration not found: the API server does not call podtailor",
                    extra={"configuration": self._target.configuration},
                )
                return
            self._write_ca_bundle(configuration, keyring)
        except ApiException as error:
            raise RotationError(f"caBundle: {error.status} {error.reason}") from error
        except (OSError, HTTPError) as error:
            raise RotationError(f"caBundle: {error}") from error
        self._keyring = self._secret.update(
            lambda stored: as_published(stored or keyring, keyring.authorities, now)
        )

    def sync_secret(self, now: datetime) -> Keyring:
        """Renew what is due in the Secret, and write its serving certificate to files. Raises RotationError.

        A deleted or damaged Secret is restored from memory: the certificates that other replicas serve and
        the CAs that the API server trusts stay valid.
        """
        keyring = self._secret.update(
            lambda stored: renewed(stored or self._keyring, self._target.hosts, now, self._lifetimes)
        )
        contents = to_secret(keyring)
        files = {name: contents[name] for name in (TLS_KEY, TLS_CERT)}
        if files != self._files:
            try:
                write(self._folder, files)
            except OSError as error:
                raise RotationError(f"{self._folder}: {error.strerror}") from error
            self._files = files
        self._keyring = keyring
        return keyring

    def _write_ca_bundle(self, configuration: dict[str, Any], keyring: Keyring) -> None:
        """Write the caBundle if it differs, once the Service serves a certificate that it trusts."""
        bundle = base64.b64encode(keyring.bundle).decode()
        webhooks = configuration.get("webhooks") or []
        reason = lockout(webhooks, self._target.namespace)
        if any(hook["clientConfig"].get("caBundle") != bundle for hook in webhooks):
            trusts_us = self._trusts_us(webhooks, keyring)
            self._is_trusted = False
            if reason and not trusts_us:
                name = f"MutatingWebhookConfiguration {self._target.configuration}"
                raise RotationError(f"caBundle withheld from {name}: {reason}")
            self._verify_serving(keyring.bundle)
            self._patch_ca_bundle(configuration, bundle)
        if reason:
            log.error("the webhook configuration could lock out the cluster", extra={"reason": reason})
        self._is_trusted = True

    def _trusts_us(self, webhooks: list[dict[str, Any]], keyring: Keyring) -> bool:
        """Whether the webhook already trusts one of our CAs; then withholding the caBundle has no effect."""
        bundles = [base64.b64decode(hook["clientConfig"].get("caBundle") or "") for hook in webhooks]
        return self._is_trusted or any(
            authority.certificate_pem in bundle for authority in keyring.authorities for bundle in bundles
        )

    def _patch_ca_bundle(self, configuration: dict[str, Any], bundle: str) -> None:
        patch = {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "MutatingWebhookConfiguration",
            # With the uid, apply does not recreate a configuration that was deleted meanwhile.
            "metadata": {"name": self._target.configuration, "uid": configuration["metadata"]["uid"]},
            "webhooks": [
                {"name": hook["name"], "clientConfig": {"caBundle": bundle}}
                for hook in configuration["webhooks"]
            ],
        }
        query = {"fieldManager": "podtailor", "force": "true"}
        request(
            self._api, "PATCH", self._path, patch, content_type=APPLY, seconds=TIMEOUT_SECONDS, query=query
        )
        log.info("caBundle written")

    def _read_configuration(self) -> dict[str, Any] | None:
        try:
            configuration: dict[str, Any] = json.loads(
                request(self._api, "GET", self._path, seconds=TIMEOUT_SECONDS)
            )
        except ApiException as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            return None
        return configuration

    def _verify_serving(self, bundle: bytes) -> None:
        """Raises OSError if the Service does not answer, or with a certificate that `bundle` rejects."""
        trust = ssl.create_default_context(cadata=bundle.decode())
        with (
            socket.create_connection(self._target.address, timeout=TIMEOUT_SECONDS) as plain,
            trust.wrap_socket(plain, server_hostname=self._target.hosts[0]),
        ):
            pass
