"""Ask a server about one namespace: several queries at once, in parts if one of them is too much."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from threading import Thread

from webhook.model.notice import Notice
from webhook.usage.prometheus.answers import Series, TooMuchError
from webhook.usage.prometheus.queries import Scope

Query = Callable[[Scope], list[Series]]


class Asking:
    def __init__(self, scope: Scope, concurrency: int) -> None:
        self._scopes = [scope]
        self._concurrency = concurrency

    def all(self, queries: Sequence[Query]) -> list[list[Series]]:
        """The series of each query. Raises QueryError."""
        futures: list[Future[list[Series]]] = [Future() for _ in queries]
        todo = deque(zip(queries, futures, strict=True))

        def work() -> None:
            # One that finds nothing left ends.
            with suppress(IndexError):
                while True:
                    query, future = todo.popleft()
                    try:
                        future.set_result(self.one(query))
                    except Exception as error:  # noqa: BLE001 (raised where the result is asked for)
                        future.set_exception(error)
                        while True:  # the rest is of no use
                            todo.popleft()[1].set_exception(error)

        # Daemons, which those of an executor are not: Ctrl-C waits for no server.
        for _ in range(self._concurrency):
            Thread(target=work, daemon=True).start()
        return [each.result() for each in futures]

    def one(self, query: Query) -> list[Series]:
        """Raises QueryError, also TooMuchError when a part cannot be split further."""
        todo, done, series = deque(self._scopes), [], []
        while todo:
            scope = todo.popleft()
            try:
                series += query(scope)
            except TooMuchError:
                parts = scope.parts()
                if not parts:
                    raise
                todo.extendleft(reversed(parts))
            else:
                done.append(scope)
        # What was too much for one query is so for the next.
        self._scopes = max(self._scopes, done, key=len)
        return series

    @property
    def notes(self) -> tuple[Notice, ...]:
        parts = len(self._scopes)
        if parts == 1:
            return ()
        detail = f"one query for all Pods of the namespace is too much for the server: asked in {parts} parts"
        return (Notice("usage-in-parts", detail),)
