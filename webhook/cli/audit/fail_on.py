"""The findings of `--fail-on`, which end an audit with exit code 1."""

from __future__ import annotations

from typing import Annotated

import typer

from webhook.audit.findings import PLATFORMS, SIZES, WORST_FIRST, Finding
from webhook.cli.shell.usage import did_you_mean
from webhook.errors import UsageError

DEFAULT = "violation,slipped-through,wrong-arch"
FAIL_ON = tuple(each for each in WORST_FIRST if each is not Finding.NOT_JUDGED)
"""What it may name: `not-judged` always fails."""
NONE = "none"
"""The word for none of them."""
FailOn = Annotated[
    str,
    typer.Option("--fail-on", metavar="FINDING,...", help="Findings that end with exit code 1; or none."),
]


def findings(text: str, *, is_measured: bool, is_of_platform: bool) -> set[Finding]:
    """Raises UsageError."""
    words = [word for word in text.split(",") if word and word != NONE]
    unknown = next((word for word in words if word not in FAIL_ON), None)
    if unknown:
        message = f"--fail-on {unknown}: one of {', '.join(FAIL_ON)}, or none"
        raise UsageError(message, hint=did_you_mean(unknown, FAIL_ON))
    if not (is_measured or set(SIZES).isdisjoint(words)):
        raise UsageError("--fail-on oversized and undersized need usage: give --prometheus or --usage")
    if not (is_of_platform or text == DEFAULT or set(PLATFORMS).isdisjoint(words)):
        raise UsageError(f"--fail-on {text}: --arch arm64 finds what is about platforms")
    return set(map(Finding, words))
