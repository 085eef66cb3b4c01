"""Pods that are created all the while, and what becomes of them."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Self

from tests.e2e.export.admission import Admission
from tests.support.pods import Json, pod

_PAUSE_SECONDS = 0.02


class Clients:
    """Each creates one Pod after the other, and tries again where nobody answers."""

    def __init__(self, admission: Admission, namespace: str, count: int) -> None:
        self._admission, self._namespace = admission, namespace
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run) for _ in range(count)]
        self.seen: Counter[str] = Counter()

    @property
    def tailored(self) -> int:
        return self.seen["tailored"]

    def __enter__(self) -> Self:
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for each in self._threads:
            each.join()

    def _run(self) -> None:
        while not self._stopped.wait(_PAUSE_SECONDS):
            outcome = self._outcome()
            with self._lock:
                self.seen[outcome] += 1

    def _outcome(self) -> str:
        try:
            made = self._admission.create(self._namespace, pod())
        except ConnectionError:
            return "not answered"
        if made.is_refusal:
            return f"refused: {made.status} {made.body.get('message')}"
        return "tailored" if is_tailored(made.body) else "missed"


def is_tailored(made: Json) -> bool:
    """With requests, of a Pod that says nothing."""
    return "requests" in made["spec"]["containers"][0]["resources"]
