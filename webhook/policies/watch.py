"""Policy files that are read again when they change: a directory, or a mounted ConfigMap."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from webhook.documents.find import Inputs, find_files
from webhook.errors import InputError
from webhook.file_watch import FileWatcher, content
from webhook.model.policy import Policy
from webhook.policies.load import load, load_or_raise

log = logging.getLogger("podtailor.policies")


class PolicyFiles(FileWatcher):
    """`policies` are those of the last valid read; `problems` counts what has been wrong since."""

    def __init__(self, paths: Sequence[str], notify: Callable[[], None]) -> None:
        """Reads them. Raises InputError with one line per problem of any file."""
        self._paths = [path for path in paths if path != "-"]
        folders = {path if path.is_dir() else path.parent for path in map(Path, self._paths)}
        super().__init__("policy-files", folders, self._read_contents, self._read_again)
        self._notify = notify
        self.policies: tuple[Policy, ...] = load_or_raise(paths)
        self.problems = 0
        self.reads = 1

    def _read_again(self) -> None:
        loaded = load(self._paths)  # a folder without any file is a problem: nobody empties it on purpose
        self.problems = len(loaded.problems)
        if loaded.problems:
            for problem in loaded.problems:
                log.error("policies not reloaded, the old ones stay", extra={"reason": str(problem)})
        else:
            self.policies = loaded.policies
            log.info("policies reloaded", extra={"count": len(loaded.policies)})
        self.reads += 1
        self._notify()

    def _read_contents(self) -> list[bytes | None]:
        try:
            return [content(Path(path)) for path in find_files(Inputs(tuple(self._paths)))]
        except (InputError, OSError):  # an empty directory, which `load` reports
            return []
