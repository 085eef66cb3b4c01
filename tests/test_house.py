"""The house stands as it was planned: what may import what, and how large a room is."""

from __future__ import annotations

import logging.config
from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports


def test_imports_point_down_and_fences_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    # It silences every logger there is, for all tests after this one.
    monkeypatch.setattr(logging.config, "dictConfig", lambda _: None)
    assert lint_imports(no_cache=True) == EXIT_STATUS_SUCCESS


def test_no_room_is_too_large() -> None:
    files = [file for root in ("webhook", "certs", "bench") for file in Path(root).rglob("*.py")]
    assert len(files) > 100
    lengths = {str(file): len(file.read_text().splitlines()) for file in files}
    assert {name: length for name, length in lengths.items() if length > 300} == {}
