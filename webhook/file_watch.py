"""Watch files that change while the process runs: policies and certificates."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import watchfiles

from webhook.supervision import Worker

log = logging.getLogger("podtailor.files")


class FileWatcher(Worker):
    """Calls `changed`, from its own thread, whenever `contents` returns something else than before.

    It watches folders, because a mounted ConfigMap or Secret changes by a link beside its files. It also
    compares contents once a second, for changes from before the watch began.
    """

    def __init__(
        self,
        name: str,
        folders: Collection[Path],
        contents: Callable[[], object],
        changed: Callable[[], None],
    ) -> None:
        super().__init__(name, self._watch)
        self._folders, self._contents, self._changed = folders, contents, changed
        self._last = contents()

    def _watch(self) -> None:
        if not self._folders:
            return
        for _ in self._wakeups():
            contents = self._contents()
            if contents != self._last:
                self._changed()
                self._last = contents  # only now, so that a failure is tried again

    def _wakeups(self) -> Iterator[object]:
        for polling in (False, True):
            try:
                yield from watchfiles.watch(
                    *self._folders,
                    watch_filter=None,
                    recursive=False,
                    debounce=200,
                    rust_timeout=1000,
                    yield_on_timeout=True,
                    stop_event=self.stopped,
                    force_polling=polling,
                )
            except OSError as error:
                if polling:
                    raise
                # A Node can run out of inotify instances.
                log.warning("files are watched by polling", extra={"worker": self.name, "reason": str(error)})
            else:
                return


def content(file: Path) -> bytes | None:
    """None for a file that cannot be read at this moment."""
    try:
        return file.read_bytes()
    except OSError:
        return None
