"""`python -m tests.e2e.resize.ended NUMBER SIGNAL ARGUMENT...`: podtailor, which gets a signal after a write.

The real command in its own process, ended as by `kill -9`, or by Ctrl-C, between two requests.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from webhook.cluster import request

_WRITES = ("PATCH", "POST", "PUT", "DELETE")


def main() -> None:
    after, number, sys.argv[1:] = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    call, writes = request.call, 0

    def counted(api: Any, method: str, path: str, query: request.Query, *rest: Any) -> Any:
        nonlocal writes
        response = call(api, method, path, query, *rest)
        # Events say afterwards what was done; dry runs do nothing.
        if method in _WRITES and ("dryRun", "All") not in query and not path.endswith("/events"):
            writes += 1
            if writes == after:
                os.kill(os.getpid(), number)
        return response

    request.call = counted  # type: ignore[assignment]  # it passes on what it does not look at
    from webhook.__main__ import main as podtailor  # noqa: PLC0415 (what it imports must see `counted`)

    podtailor()


if __name__ == "__main__":
    main()
