"""Ctrl-C before a command has begun: imports take a good part of a second, and nothing is to tell yet."""

from __future__ import annotations

import os
import signal

INTERRUPTED = 130
"""128 and the number of the signal, as shells count."""


def exit_on_ctrl_c() -> None:
    """From now on Ctrl-C ends the process at once. A parent that had it ignored has its way."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)


def restore_ctrl_c() -> None:
    """From now on it is a KeyboardInterrupt again."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _end(*_: object) -> None:
    os._exit(INTERRUPTED)
