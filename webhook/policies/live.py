"""Policy files that are read again when they change: a directory, or a ConfigMap's mount."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import watchfiles

from webhook import files
from webhook.files import InputError
from webhook.model.policy import Policy
from webhook.policies.load import load, load_all

log = logging.getLogger("podtailor.policies")


class PolicyFiles(threading.Thread):
    """`policies` are those of the last time that all was well; `problems` counts what is wrong since."""

    def __init__(self, paths: Sequence[str], changed: Callable[[], None]) -> None:
        """Reads them. Raises InputError with every problem of every file."""
        super().__init__(name="policy-files", daemon=True)
        self._paths = [path for path in paths if path != "-"]
        self._changed = changed
        self._held = self._contents()
        self._stopped = threading.Event()
        self.policies: tuple[Policy, ...] = load_all(paths)
        self.problems = 0
        self.reads = 1

    def stop(self) -> None:
        self._stopped.set()

    def run(self) -> None:
        """Watch until stopped.

        A mounted ConfigMap changes by a link beside its files, hence their folders. Looked at once a second
        too, for what changed before the watch stood.
        """
        folders = {path if path.is_dir() else path.parent for path in map(Path, self._paths)}
        if not folders:
            return
        for _ in watchfiles.watch(
            *folders,
            watch_filter=None,
            recursive=False,
            debounce=200,
            rust_timeout=1000,
            yield_on_timeout=True,
            stop_event=self._stopped,
        ):
            contents = self._contents()
            if contents != self._held:
                self._held = contents
                self._read_again()

    def _read_again(self) -> None:
        loaded = load(self._paths)
        self.problems = len(loaded.problems)
        if loaded.problems:
            for problem in loaded.problems:
                log.error("policies not reloaded, the old ones stay", extra={"reason": str(problem)})
        else:
            self.policies = loaded.policies
            log.info("policies reloaded", extra={"count": len(loaded.policies)})
        self.reads += 1
        self._changed()

    def _contents(self) -> list[bytes | None]:
        """Of every file there is; None for one that has just gone."""
        try:
            return [_content(Path(path)) for path in files.find(self._paths)]
        except (InputError, OSError):  # an empty directory: `load` says so
            return []


def _content(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except OSError:
        return None
