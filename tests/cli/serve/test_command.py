"""Wrong flags of `serve`. What it serves is in tests/server/test_service.py."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Run


@pytest.mark.parametrize(
    ("flags", "error"),
    [
        pytest.param(
            ["--tls-secret=tls", "--dev"],
            "--tls-secret issues certificates: give neither --dev nor certificate files",
            id="a Secret and throwaway certificates",
        ),
        pytest.param(
            ["--tls-secret=tls", "--tls-cert-file=tls.crt"],
            "--tls-secret issues certificates: give neither --dev nor certificate files",
            id="a Secret and files",
        ),
        pytest.param(
            ["--tls-validity=1m"],
            "--tls-validity, --ca-validity: too short for --renew-at and --ca-overlap: "
            "certificates would expire before their successors are in use everywhere",
            id="lifetimes without overlap",
        ),
        pytest.param(
            ["--log-level=loud"],
            "--log-level loud: must be debug, info, warning or error",
            id="an unknown log level",
        ),
    ],
)
def test_wrong_flags(run: Run, flags: list[str], error: str) -> None:
    done = run("serve", *flags)
    assert (done.code, done.err) == (2, f"error: {error} [wrong-usage]\n")
