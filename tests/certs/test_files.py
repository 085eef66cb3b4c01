"""Certificate files: their names, modes, and what is replaced."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certs.files import CA_CERT, CA_KEY, TLS_CERT, TLS_KEY, existing_file, issue_to

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(("umask", "public"), [(0, 0o644), (0o022, 0o644), (0o077, 0o600)])
def test_files_are_what_a_tls_secret_holds_and_keys_are_the_owners_alone(
    umask: int, public: int, tmp_path: Path
) -> None:
    folder = tmp_path / "new"
    before = os.umask(umask)
    try:
        issue_to(folder, ["localhost"], NOW, DAY)
    finally:
        os.umask(before)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}
    assert modes == {CA_CERT: public, CA_KEY: 0o600, TLS_CERT: public, TLS_KEY: 0o600}


def test_files_that_would_be_replaced_are_reported(tmp_path: Path) -> None:
    (tmp_path / TLS_KEY).write_text("mine")
    assert existing_file(tmp_path) == tmp_path / TLS_KEY
    issue_to(tmp_path, ["localhost"], NOW, DAY)
    assert (tmp_path / TLS_KEY).read_text() != "mine"
