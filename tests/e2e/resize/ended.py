"""A run of podtailor that ends between two requests, as by `kill -9` or by Ctrl-C."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from webhook.cluster import request

_WRITES = ("PATCH", "POST", "PUT", "DELETE")


class Killed(BaseException):
    """Nothing catches it, as nothing catches SIGKILL."""


def after_writes(number: int, end: Callable[[], None]) -> Callable[..., Any]:
    """For `request.call`: after so many writes that the API server has stored, `end` is called."""
    call, writes = request.call, 0

    def counted(api: Any, method: str, path: str, query: request.Query, *rest: Any) -> Any:
        nonlocal writes
        response = call(api, method, path, query, *rest)
        # Events say afterwards what was done.
        if method in _WRITES and ("dryRun", "All") not in query and not path.endswith("/events"):
            writes += 1
            if writes == number:
                end()
        return response

    return counted


def refusing(refuses: Callable[[str, str, bool], BaseException | None]) -> Callable[..., Any]:
    """For `request.call`: of verb, path and whether it is a dry run, the error in place of the response."""
    call = request.call

    def refused(api: Any, method: str, path: str, query: request.Query, *rest: Any) -> Any:
        if error := refuses(method, path, ("dryRun", "All") in query):
            raise error
        return call(api, method, path, query, *rest)

    return refused


def main() -> None:
    """`python -m tests.e2e.resize.ended SIGNAL NUMBER ARGUMENT...` sends itself the signal."""
    end, number, sys.argv[1:] = signal.Signals[sys.argv[1]], int(sys.argv[2]), sys.argv[3:]
    request.call = after_writes(number, lambda: os.kill(os.getpid(), end))
    from webhook.__main__ import main as podtailor  # noqa: PLC0415 (what it imports must see that)

    podtailor()


if __name__ == "__main__":
    main()
