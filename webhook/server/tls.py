"""TLS with certificates that are reloaded when their files change, without closing a connection."""

from __future__ import annotations

import logging
import ssl
from datetime import UTC, datetime
from pathlib import Path

from certs.inspect import read_certificates
from webhook.file_watch import FileWatcher, content
from webhook.server.metrics import Metrics

# For TLS 1.2: forward secrecy and authenticated encryption, which all ciphers of TLS 1.3 have.
_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"

log = logging.getLogger("podtailor.tls")


class CertificateError(Exception):
    """The certificate files cannot be used. The message names the file and what to do."""


class Tls(FileWatcher):
    """The SSL context of the server, rebuilt when the certificate files change.

    Every handshake starts with `context` and switches to the newest; open connections keep theirs.
    """

    def __init__(self, certificate: Path, key: Path, client_ca: Path | None, metrics: Metrics) -> None:
        self._certificate, self._key, self._client_ca = certificate, key, client_ca
        self._files = [file for file in (certificate, key, client_ca) if file]
        self._metrics = metrics
        folders = {file.parent.resolve() for file in self._files}
        super().__init__("certificate-files", folders, self._read_contents, self.reload)
        self.newest = self._build()
        self.context = self.newest
        self.context.sni_callback = self._switch

    def reload(self) -> None:
        """Use the files from the next handshake on; keep the old context if they cannot be used."""
        try:
            self.newest = self._build()
        except CertificateError as error:
            log.error("certificates not reloaded, the old ones stay", extra={"reason": str(error)})  # noqa: TRY400 (the reason says all)
        else:
            log.info("certificates reloaded")

    def _read_contents(self) -> list[bytes | None]:
        return [content(file) for file in self._files]

    def _switch(self, connection: ssl.SSLObject | ssl.SSLSocket, _name: str, _context: object) -> None:
        connection.context = self.newest

    def _build(self) -> ssl.SSLContext:
        """Raises CertificateError."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(_CIPHERS)
        context.set_alpn_protocols(["http/1.1"])  # what the API server uses for webhooks
        for file in self._files:
            if not file.is_file():
                raise CertificateError(f"{file}: no such file; `podtailor certs issue` creates one")
        try:
            expires = read_certificates(self._certificate)[0].not_after
            context.load_cert_chain(self._certificate, self._key)
        except (OSError, ValueError) as error:
            raise CertificateError(
                f"{self._certificate}, {self._key}: not a certificate with its private key: {error}"
            ) from error
        if self._client_ca:
            try:
                context.load_verify_locations(self._client_ca)
            except OSError as error:
                raise CertificateError(f"{self._client_ca}: no CA certificates: {error}") from error
            context.verify_mode = ssl.CERT_REQUIRED
        self._metrics.set_certificate(expires.timestamp(), datetime.now(UTC).timestamp())
        return context
