"""`podtailor help`."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Run, verbs


@pytest.mark.parametrize("verb", verbs())
def test_prints_the_page_of_each_verb(run: Run, verb: str) -> None:
    done = run("help", *verb.split())
    assert done == run(*verb.split(), "--help")
    assert done.code == 0
