"""JSON that programs write: the data, and that the garbage collector is as it was."""

from __future__ import annotations

import contextlib
import gc

import pytest

from webhook.documents.json_data import DiffersFromYamlError, decode


@pytest.mark.parametrize("was_enabled", [True, False], ids=["on", "off"])
@pytest.mark.parametrize("text", ['{"a": [1]}', '{"a": 1, "a": 2}'], ids=["JSON", "YAML"])
def test_reading_leaves_the_garbage_collector(text: str, was_enabled: bool) -> None:
    enabled_before = gc.isenabled()
    (gc.enable if was_enabled else gc.disable)()
    try:
        with contextlib.suppress(DiffersFromYamlError):
            decode(text)
        assert gc.isenabled() == was_enabled
    finally:
        (gc.enable if enabled_before else gc.disable)()
