"""Exit codes are documented for verbs that exist, and mean the same in each."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Run, verbs
from webhook.cli.shell.exit_codes import EXIT_CODES, ONE, sentence


def test_only_verbs_are_documented() -> None:
    assert set(verbs()) >= set(ONE)


@pytest.mark.parametrize("verb", verbs())
def test_each_help_ends_with_them(run: Run, verb: str) -> None:
    page = " ".join(run(*verb.split(), "--help").out.split())
    shown = sentence("" if verb in ("policies", "certs") else verb)
    assert page.endswith(shown)
    assert all(f" {code} " in shown for code in EXIT_CODES if code != 1)
    assert (" 1 " in shown) == (verb in {"", "policies", "certs", *ONE})
