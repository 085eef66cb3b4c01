"""The flags of `serve`, and the variables that set them."""

from __future__ import annotations

from tests.cli.conftest import Run


def test_help_of_serve_names_every_variable(run: Run) -> None:
    out = " ".join(run("serve", "--help").out.split())
    flags = ("HOST", "PORT", "HEALTH_PORT", "TLS_CERT_FILE", "TLS_PRIVATE_KEY_FILE", "CLIENT_CA_FILE", "POLICIES", "BUILTIN", "MODE", "LOG_LEVEL", "NO_ANNOTATE")  # fmt: skip
    assert [flag for flag in flags if f"PODTAILOR_{flag}" not in out] == []
