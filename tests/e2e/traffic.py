"""Pods that somebody creates, at a rate that does not depend on how long each takes."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self

from tests.e2e.client import Client, Refused
from tests.support.pods import Json, pod
from webhook.model.names import APPLIED

PODS_A_SECOND, AT_ONCE = 50, 10
# Nobody looks after it once it is there: what counts is how it comes.
POD = pod("schedulerName: nobody")


class Traffic:
    """Ten at once, as a controller sends them: so the API server holds many connections to us.

    It has to make them anew whenever a replica goes.
    """

    def __init__(self, client: Client, namespace: str) -> None:
        self._client, self._namespace = client, namespace
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._created: list[Future[None]] = []
        self.seen: Counter[str] = Counter()
        self.slowest = 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()
        for each in self._created:
            each.result()

    def __str__(self) -> str:
        seen = ", ".join(f"{count} Pods {what}" for what, count in sorted(self.seen.items()))
        return f"{seen}, the slowest in {self.slowest:.2f} s"

    def _run(self) -> None:
        started = time.monotonic()
        with ThreadPoolExecutor(2 * AT_ONCE) as pool:
            for first in itertools.count(step=AT_ONCE):
                if self._stopped.wait(max(0.0, started + first / PODS_A_SECOND - time.monotonic())):
                    return
                for number in range(first, first + AT_ONCE):
                    self._created.append(pool.submit(self._create, number))

    def _create(self, number: int) -> None:
        asked = time.monotonic()
        try:
            created = self._client.create(self._namespace, {**POD, "metadata": {"name": f"p-{number}"}})
        except Refused:
            self.seen["refused"] += 1
            return
        self.slowest = max(self.slowest, time.monotonic() - asked)
        self.seen["tailored" if is_marked(created) else "missed"] += 1


def is_marked(pod: Json) -> bool:
    return APPLIED in (pod["metadata"].get("annotations") or {})
