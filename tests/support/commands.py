"""The command line in this process: to start Python and import everything takes longer than most commands run.

That a process starts, reads and ends as it should is tested by tests/cli, tests/docs and the pages of docs/.
"""

from __future__ import annotations

import io
import sys
from contextlib import redirect_stderr, redirect_stdout
from subprocess import CompletedProcess
from unittest.mock import patch

from webhook.cli import main


def podtailor(*arguments: str, stdin: str = "") -> CompletedProcess[str]:
    """What `subprocess.run` gives, both streams as text."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", newline="") for _ in range(2))
    given = io.TextIOWrapper(io.BytesIO(stdin.encode()), "utf-8")
    with (
        patch.multiple(sys, argv=["podtailor", *arguments], stdin=given),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
    printed = []
    for stream in (out, err):
        stream.flush()
        stream.seek(0)
        printed.append(stream.read())
    return CompletedProcess(arguments, code, *printed)
