"""Write the text of files, each of them whole or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

from webhook.documents.problems import InvalidInputError, Problem, ProblemName
from webhook.model.place import Place


def replace_files(texts: Mapping[str, str]) -> None:
    """Writes each text to the existing file of that path, through symlinks; keeps mode and owner.

    Raises InvalidInputError, and then no file has changed, unless renaming itself failed halfway.
    """
    with contextlib.ExitStack() as cleanup:
        staged = []
        for file, text in texts.items():
            try:
                target = Path(file).resolve(strict=True)
                copy = _copy_beside(target, text.encode(), cleanup)
            except OSError as error:
                raise _unwritable(file, error) from error
            staged.append((file, copy, target))
        for file, copy, target in staged:
            try:
                copy.replace(target)
            except OSError as error:
                raise _unwritable(file, error) from error


def write_file(path: str, text: str) -> None:
    """As `replace_files`, and makes a file that does not exist. Raises InvalidInputError."""
    file = Path(path)
    try:
        file.touch()
        if not file.is_file():  # such as /dev/null, in whose place a file would be
            raise PermissionError(0, "it is no file")
    except OSError as error:
        raise _unwritable(path, error) from error
    replace_files({path: text})


def _copy_beside(target: Path, content: bytes, cleanup: contextlib.ExitStack) -> Path:
    """A file in the same folder, because renaming is atomic only inside a file system."""
    status = target.stat()
    # Renaming would replace a file that is write-protected, and root may write everything.
    if not (os.access(target, os.W_OK) and status.st_mode & _ANY_WRITES):
        raise PermissionError(0, "it is write-protected")
    if status.st_nlink > 1:  # only one of its names would get the new text
        raise PermissionError(0, "it has hard links")
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    copy = Path(name)
    cleanup.callback(copy.unlink, missing_ok=True)
    with os.fdopen(handle, "wb") as out:
        out.write(content)
        out.flush()
        with contextlib.suppress(PermissionError):  # only root can keep the file of another user's
            os.fchown(handle, status.st_uid, status.st_gid)
        os.fchmod(handle, stat.S_IMODE(status.st_mode))
        os.fsync(handle)
    return copy


_ANY_WRITES = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


def _unwritable(file: str, error: OSError) -> InvalidInputError:
    return InvalidInputError(Problem(ProblemName.UNWRITABLE_FILE, Place(file), str(error.strerror)))
