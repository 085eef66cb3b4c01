"""Ctrl-C while imports are still running ends the process without a traceback."""

from __future__ import annotations

import os
import signal

INTERRUPTED = 130
"""128 plus the number of the signal, as in shells."""
PIPE_CLOSED = 141
"""What SIGPIPE would end with. Python ignores it, as a server must, which writes to sockets."""


def exit_on_ctrl_c() -> None:
    """From now on Ctrl-C ends the process at once, unless the parent process had it ignored."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)


def restore_ctrl_c() -> None:
    """From now on Ctrl-C raises KeyboardInterrupt again."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _end(*_: object) -> None:
    os._exit(INTERRUPTED)
