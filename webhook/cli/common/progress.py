"""Progress bars of what takes long."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from webhook.cli.common.terminal import console

OnProgress = Callable[[str, int, int], object]
"""Called now and then with what is read, how many of it were read, and how many there are."""


@contextmanager
def progress(*, is_shown: bool = True) -> Iterator[OnProgress]:
    """Progress bars on stderr, if it is a terminal; `is_shown` is for a stdout that is one too."""
    err = console(stderr=True)
    shows = err.is_terminal and (is_shown or not sys.stdout.isatty())
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=err, transient=True, disable=not shows) as bar:
        tasks: dict[str, TaskID] = {}

        def on_progress(kind: str, done: int, total: int) -> None:
            if kind not in tasks:
                tasks[kind] = bar.add_task(kind)
            bar.update(tasks[kind], completed=done, total=total)

        yield on_progress
