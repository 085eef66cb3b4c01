"""One review from bytes to bytes: decode, evaluate, encode."""

from __future__ import annotations

import asyncio
import time

from webhook.engine.evaluate import Decision, evaluate
from webhook.engine.snapshot import Request, Snapshot
from webhook.model.notice import Notice
from webhook.model.patch import Op
from webhook.model.pod import NO_METADATA, ObjectMeta
from webhook.policies.merge import Update
from webhook.server import wire
from webhook.server.metrics import Metrics
from webhook.server.recorder import Answered, ReviewRecorder, line_of

# A tenth of the time that the shipped configuration gives a call.
_NAMESPACE_SECONDS = 0.2


class Reviewer:
    """Answers reviews from the snapshot in force."""

    def __init__(self, snapshot: Snapshot, metrics: Metrics) -> None:
        self.snapshot = snapshot
        self.metrics = metrics
        self.recorder = ReviewRecorder(metrics)
        self.waited_seconds = 0.0
        """Of the review that has just ended, for its namespace; to be read before the loop goes on."""
        self._swapped = asyncio.Event()
        metrics.loaded(Update(snapshot))

    def swap(self, update: Update) -> None:
        """From now on answer by this snapshot. In the event loop's thread."""
        self.snapshot = update.snapshot
        self.metrics.loaded(update)
        self._swapped.set()
        self._swapped = asyncio.Event()

    async def review(self, body: bytes) -> bytes:
        """The answer to one AdmissionReview. Raises wire.BadReviewError for what is none.

        | request                          | answer                      | result       |
        |----------------------------------|-----------------------------|--------------|
        | anything but the CREATE of a Pod | allowed, unchanged          | left-alone   |
        | a Pod that cannot be read        | allowed, unchanged, warned  | unreadable   |
        | a Pod that no edit may touch     | allowed, unchanged          | left-alone   |
        | a Pod that breaks a bound        | denied, with every breach   | denied       |
        | a Pod that needs nothing         | allowed, unchanged          | unchanged    |
        | a Pod that leaves something open | allowed, patched            | patched      |
        """
        started = time.perf_counter()
        self.waited_seconds = 0.0
        request = await self._read(body)
        metadata: ObjectMeta | None = None
        patch: list[Op] = []
        if not request.creates_a_pod:
            kind = "/".join(part for part in (request.kind.kind, request.subResource) if part)
            exempt = Notice("not-a-pod-create", f"{request.operation} of {kind or 'nothing'}")
            result, decision = "left-alone", Decision(exemption=exempt)
            answer = wire.allowed(request.uid)
        else:
            try:
                pod = wire.read_pod(request)
            except wire.TooLargePodError as error:
                result, decision = "left-alone", Decision(exemption=Notice("too-large", str(error)))
                answer = wire.decided(request.uid, decision, patch)
            except wire.UnreadablePodError as error:
                # The API server sends only what it could read itself, so this is not the user's doing.
                result = "unreadable"
                detail = f"left unchanged, it could not be read: {error}"
                decision = Decision(warnings=(Notice("unreadable-pod", detail),))
                answer = wire.allowed(request.uid, decision.warnings)
            else:
                metadata = pod.metadata
                decision = evaluate(Request(_namespace(request, metadata), pod), self.snapshot)
                patch = decision.patch
                result = _result(decision, patch)
                answer = wire.decided(request.uid, decision, patch)
        answered = Answered(result, len(patch), time.perf_counter() - started)
        self.recorder.add(line_of(request, metadata, decision, answered), decision)
        return answer

    async def _read(self, body: bytes) -> wire.AdmissionRequest:
        """The request of a review, once its namespace is known; only its bytes are held until then."""
        request = wire.read_review(body)
        namespace = request.namespace
        if not namespace or not self.snapshot.knows_namespaces or namespace in self.snapshot.namespaces:
            return request
        if not request.creates_a_pod:
            return request
        del request
        await self._wait_for(namespace)
        return wire.read_review(body)

    async def _wait_for(self, namespace: str) -> None:
        """Pods come as soon as their namespace is there, and we may hear of it a moment later."""
        started = time.perf_counter()
        try:
            async with asyncio.timeout(_NAMESPACE_SECONDS):
                while namespace not in self.snapshot.namespaces:
                    await self._swapped.wait()
        except TimeoutError:  # it counts as unlabelled; the selectors have spared those that opted out
            self.metrics.skipped("unknown-namespace")
        self.waited_seconds = time.perf_counter() - started


def _result(decision: Decision, patch: list[Op]) -> str:
    if decision.denied:
        return "denied"
    return "patched" if patch else "left-alone" if decision.exemption else "unchanged"


def _namespace(request: wire.AdmissionRequest, metadata: ObjectMeta | None) -> str:
    return request.namespace or (metadata or NO_METADATA).namespace or "default"
