"""Errors that end a command or a background loop. Each message is one that a user can act on."""

from __future__ import annotations


class InputError(Exception):
    """Something given by the user cannot be used. The message starts with `file:line:column:` where known.

    The command line prints `error: MESSAGE [NAME]`, then `hint: HINT` for each line of the hint.
    """

    def __init__(self, message: str, *, name: str = "", hint: str = "") -> None:
        """`name`: its stable name in docs/messages.md. `hint`: what to do next, such as a command."""
        super().__init__(message)
        self.name = name
        self.hint = hint


class UsageError(InputError):
    """A command was called wrongly: options that exclude each other, or a value of another form."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message, name="wrong-usage", hint=hint)


class ClusterError(InputError):
    """No cluster is configured, it does not answer, or it refuses. The message says which."""

    def __init__(self, message: str, status: int = 0, *, name: str = "", hint: str = "") -> None:
        """`status`: the HTTP status of the API server's refusal; 0 if it did not answer."""
        super().__init__(message, name=name, hint=hint)
        self.status = status


class RotationError(Exception):
    """A step of keeping certificates failed; the next attempt may succeed."""
