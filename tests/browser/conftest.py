"""One Chromium for the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser import browser


@pytest.fixture(scope="module", autouse=True)
def started() -> Iterator[None]:
    with browser():
        yield
