"""Policy files that are read again when they change: a directory, or a ConfigMap's mount."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import watchfiles

from webhook.documents import files
from webhook.errors import InputError
from webhook.model.policy import Policy
from webhook.policies.load import load, load_or_raise
from webhook.supervision import Worker

log = logging.getLogger("podtailor.policies")


class PolicyFiles(Worker):
    """`policies` are those of the last time that all was well; `problems` counts what is wrong since."""

    def __init__(self, paths: Sequence[str], changed: Callable[[], None]) -> None:
        """Reads them. Raises InputError with every problem of every file."""
        super().__init__("policy-files", self._watch)
        self._paths = [path for path in paths if path != "-"]
        self._changed = changed
        self._held = self._contents()
        self.policies: tuple[Policy, ...] = load_or_raise(paths)
        self.problems = 0
        self.reads = 1

    def _watch(self) -> None:
        """Watch until stopped.

        A mounted ConfigMap changes by a link beside its files, hence their folders. Looked at once a second
        too, for what changed before the watch stood.
        """
        folders = {path if path.is_dir() else path.parent for path in map(Path, self._paths)}
        if not folders:
            return
        for _ in self._wakes(folders):
            contents = self._contents()
            if contents != self._held:
                self._read_again()
                self._held = contents  # after that: where it fails it is tried again

    def _wakes(self, folders: set[Path]) -> Iterator[object]:
        for polling in (False, True):
            try:
                yield from watchfiles.watch(
                    *folders,
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
                # A Node's inotify instances run out: the files can still be looked at.
                log.warning("policies are watched by polling", extra={"reason": str(error)})
            else:
                return

    def _read_again(self) -> None:
        try:
            loaded = load(self._paths)
        except InputError as error:  # a folder without any file: nobody empties one to say so
            self.problems = 1
            log.error("policies not reloaded, the old ones stay", extra={"reason": str(error)})  # noqa: TRY400 (the reason says all)
            self._changed()
            return
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
            return [_content(Path(path)) for path in files.manifest_paths(self._paths)]
        except (InputError, OSError):  # an empty directory: `load` says so
            return []


def _content(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except OSError:
        return None
