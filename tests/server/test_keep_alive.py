"""Idle connections."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from certs.files import TLS_CERT, TLS_KEY, issue_to
from webhook.engine.snapshot import Snapshot
from webhook.server import service
from webhook.server.service import Service
from webhook.server.settings import Settings

# Go's http.DefaultTransport.
API_SERVER_SECONDS = 90


def test_api_server_is_the_first_to_close(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configs: list[uvicorn.Config] = []

    class Recorded(uvicorn.Config):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            configs.append(self)

    opened = ExitStack()
    monkeypatch.setattr(uvicorn, "Config", Recorded)
    monkeypatch.setattr(
        service, "_listen", lambda *_: opened.enter_context(socket.create_server(("127.0.0.1", 0)))
    )
    issue_to(tmp_path, ["localhost"], datetime.now(UTC), timedelta(hours=1))
    certificate, key = tmp_path / TLS_CERT, tmp_path / TLS_KEY
    with opened:
        settings = {"tls_cert_file": certificate, "tls_private_key_file": key}
        Service(Settings.model_validate(settings), Snapshot())
    (reviews,) = (each for each in configs if each.ssl_context_factory)
    assert reviews.timeout_keep_alive > API_SERVER_SECONDS
