"""What each Pod waits for, on a terminal; nothing elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Self

from rich.live import Live
from rich.text import Text

from webhook.cli.common.printable import printable
from webhook.cli.common.terminal import console
from webhook.resize.plan import PodPlan


class Waiting:
    """A line for each Pod, on stderr, as long as it is entered."""

    def __init__(self) -> None:
        err = console(stderr=True)
        self._lines: dict[str, str] = {}
        self._live = Live(console=err, transient=True, auto_refresh=False) if err.is_terminal else None

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def report(self, each: PodPlan, waits_for: str) -> None:
        """An empty text ends its line."""
        self._show(each.pod.name, waits_for)

    def report_for(self, name: str) -> Callable[[str], None]:
        """As `report`, for what is no Pod."""
        return partial(self._show, name)

    def _show(self, name: str, waits_for: str) -> None:
        if waits_for:
            self._lines[name] = waits_for
        else:
            self._lines.pop(name, None)
        if self._live:
            text = "\n".join(f"{name}: {line}" for name, line in self._lines.items())
            self._live.update(Text(printable(text)), refresh=True)
