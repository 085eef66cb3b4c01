"""Certificates that look after themselves: kept in a Secret, trusted through the webhook configuration.

Every replica runs this and none leads.
"""

from __future__ import annotations

import base64
import json
import logging
import socket
import ssl
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from kubernetes.client import ApiClient, ApiException
from urllib3.exceptions import HTTPError

from certs.files import TLS_CERT, TLS_KEY, write
from certs.keyring import DEFAULT_LIFETIMES, Keyring, Lifetimes, as_published, renewed, to_secret
from webhook.certificates.lockout import lockout
from webhook.certificates.secret import SECONDS, SharedSecret
from webhook.cluster.request import APPLY, request
from webhook.errors import RotationError

log = logging.getLogger("podtailor.certs")

_NOT_FOUND = 404
_CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
_MAX_PORT = 65535


class RotationTarget:
    """Where an installation keeps its certificates, and who is to trust them."""

    def __init__(
        self, namespace: str, secret: str, configuration: str, hosts: Sequence[str], address: str
    ) -> None:
        """`address`: HOST:PORT at which replicas are reached through their Service."""
        self.namespace, self.secret, self.configuration = namespace, secret, configuration
        self.hosts = list(hosts)
        host, _, port = address.rpartition(":")
        if not host or not port.isdigit() or not 0 < int(port) <= _MAX_PORT:
            raise ValueError(f"{address!r} is not HOST:PORT")
        self.address = host.strip("[]"), int(port)


class CertRotator:
    """One replica's part."""

    def __init__(
        self, api: ApiClient, target: RotationTarget, folder: Path, lifetimes: Lifetimes = DEFAULT_LIFETIMES
    ) -> None:
        self._lifetimes = lifetimes
        self._secret = SharedSecret(api, target.namespace, target.secret)
        self._api = api
        self._target = target
        self._path = f"{_CONFIGURATIONS}/{target.configuration}"
        self._folder = folder
        self._held: Keyring | None = None
        self._served: dict[str, bytes] = {}
        self._is_trusted = False
        self.certificate, self.key = folder / TLS_CERT, folder / TLS_KEY

    def reconcile(self, now: datetime) -> None:
        """Keep, then make trusted. Raises RotationError."""
        self.sync_secret(now)
        try:
            self._inject_ca_bundle(now)
        except ApiException as error:
            raise RotationError(f"caBundle: {error.status} {error.reason}") from error
        except (OSError, HTTPError) as error:
            raise RotationError(f"caBundle: {error}") from error

    def is_trusted(self) -> bool:
        """Whether, when last looked at, the webhook configuration trusted what this replica serves."""
        return self._is_trusted

    def sync_secret(self, now: datetime) -> None:
        """Hold what the Secret says, renewed where that is due, in files for the server to read.

        A Secret that has gone or is damaged is written again as this replica remembers it: what the others
        serve, and what the API server trusts, stays good. Raises RotationError.
        """
        keyring = self._secret.agreed(
            lambda stored: renewed(stored or self._held, self._target.hosts, now, self._lifetimes)
        )
        contents = to_secret(keyring)
        served = {name: contents[name] for name in (TLS_KEY, TLS_CERT)}
        if served != self._served:
            try:
                write(self._folder, served)
            except OSError as error:
                raise RotationError(f"{self._folder}: {error.strerror}") from error
            self._served = served
        self._held = keyring

    def _inject_ca_bundle(self, now: datetime) -> None:
        """Tell the API server whom to trust, once our Service answers with what it is told to trust."""
        if self._held is None:
            return
        configuration = self._configuration()
        if configuration is None:
            self._is_trusted = False
            log.warning(
                "no webhook configuration, so nothing calls podtailor",
                extra={"configuration": self._target.configuration},
            )
            return
        bundle = base64.b64encode(self._held.bundle).decode()
        webhooks = configuration.get("webhooks") or []
        reason = lockout(webhooks, self._target.namespace)
        if any(hook["clientConfig"].get("caBundle") != bundle for hook in webhooks):
            relies_on_us = self._relies_on_us(webhooks)
            self._is_trusted = False
            if reason and not relies_on_us:
                named = f"MutatingWebhookConfiguration {self._target.configuration}"
                raise RotationError(f"not trusted by choice: {named}: {reason}")
            self._verify_serving(self._held.bundle)
            self._publish(configuration, bundle)
        if reason:
            log.error("the webhook configuration could lock everybody out", extra={"reason": reason})
        self._is_trusted = True
        mine = self._held
        self._held = self._secret.agreed(lambda stored: as_published(stored or mine, mine.authorities, now))

    def _relies_on_us(self, webhooks: list[dict[str, Any]]) -> bool:
        """Whether they trust somebody of ours already, or did: they are no better off without answers."""
        held = self._held.authorities if self._held else ()
        bundles = [base64.b64decode(hook["clientConfig"].get("caBundle") or "") for hook in webhooks]
        return self._is_trusted or any(each.certificate_pem in bundle for each in held for bundle in bundles)

    def _publish(self, configuration: dict[str, Any], bundle: str) -> None:
        patch = {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "MutatingWebhookConfiguration",
            # With its uid nothing is made anew where somebody has just deleted it.
            "metadata": {"name": self._target.configuration, "uid": configuration["metadata"]["uid"]},
            "webhooks": [
                {"name": hook["name"], "clientConfig": {"caBundle": bundle}}
                for hook in configuration["webhooks"]
            ],
        }
        owner = {"fieldManager": "podtailor", "force": "true"}
        request(self._api, "PATCH", self._path, patch, content_type=APPLY, seconds=SECONDS, query=owner)
        log.info("caBundle written")

    def _configuration(self) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = json.loads(request(self._api, "GET", self._path, seconds=SECONDS))
        except ApiException as error:
            if error.status != _NOT_FOUND:
                raise
            return None
        return found

    def _verify_serving(self, bundle: bytes) -> None:
        """Raises OSError where our own Service does not answer, or not with a certificate of ours."""
        trust = ssl.create_default_context(cadata=bundle.decode())
        with (
            socket.create_connection(self._target.address, timeout=SECONDS) as plain,
            trust.wrap_socket(plain, server_hostname=self._target.hosts[0]),
        ):
            pass
