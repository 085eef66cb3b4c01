from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certs.files import issue_to
from tests.images.registry.fake_registry import HOSTS


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the CA of all fake registries."""
    folder = tmp_path_factory.mktemp("registry")
    issue_to(folder, [*HOSTS, "127.0.0.1"], datetime.now(UTC), timedelta(hours=1))
    return folder
