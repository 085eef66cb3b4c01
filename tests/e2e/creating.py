"""Pods that are created all the time, whatever is being installed or taken away meanwhile."""

from __future__ import annotations

import threading
import time
from typing import Self

from tests.e2e.client import Client
from tests.support.pods import pod

# Enough to meet whatever goes on; without one, this alone keeps a processor busy.
_PAUSE_SECONDS = 0.05


class Creating(threading.Thread):
    """Creates Pods all the time; one that is refused, or kept waiting, is remembered."""

    def __init__(self, client: Client, namespace: str) -> None:
        super().__init__(daemon=True)
        self._client, self._namespace = client, namespace
        self.stopped = threading.Event()
        self.created = 0
        self.slowest = 0.0
        self.failure: Exception | None = None

    def run(self) -> None:
        while not self.stopped.wait(_PAUSE_SECONDS):
            started = time.monotonic()
            try:
                self._client.create(self._namespace, pod(), dry_run=True)
            except Exception as failure:  # noqa: BLE001 (whatever it is, the test says it)
                self.failure = failure
                return
            self.created += 1
            self.slowest = max(self.slowest, time.monotonic() - started)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        self.join()

    def check(self) -> None:
        """That none was refused or kept waiting."""
        print(f"\n{self.created} Pods created meanwhile, the slowest in {self.slowest:.1f} s")
        assert self.failure is None
        assert self.created > 30, "some a second, however short it was"
        assert self.slowest < 3, "the webhook's two seconds, and some"
