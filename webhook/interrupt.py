"""How Ctrl-C ends a command: without a traceback, and after the signals that stop a process too."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

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


@contextmanager
def by_any_signal() -> Iterator[None]:
    """Meanwhile SIGTERM and SIGHUP raise KeyboardInterrupt too, unless the parent process had them ignored.

    Each does so once: a terminal that is closed may send SIGHUP twice, and the process is ending already.
    Nothing is written to that terminal any more, as that would fail, and the rest still reaches a file.
    """
    terminals = [each for each in (1, 2) if os.isatty(each)]

    def interrupt(number: int, *_: object) -> None:
        signal.signal(number, signal.SIG_IGN)
        for each in terminals:
            if not os.isatty(each):
                os.dup2(os.open(os.devnull, os.O_WRONLY), each)
        raise KeyboardInterrupt

    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGHUP)}
    ours = [each for each, handler in before.items() if handler is signal.SIG_DFL]
    for each in ours:
        signal.signal(each, interrupt)
    try:
        yield
    finally:
        for each in ours:
            signal.signal(each, signal.SIG_DFL)


def _end(*_: object) -> None:
    os._exit(INTERRUPTED)
