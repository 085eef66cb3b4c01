"""One review from bytes to bytes: decode, evaluate, encode."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from webhook.engine.evaluate import Decision, evaluate
from webhook.engine.snapshot import Request, Snapshot
from webhook.model.denial import Denial
from webhook.model.notice import Notice
from webhook.model.patch import Op
from webhook.model.pod import NO_METADATA, ObjectMeta
from webhook.policies.merge import Update
from webhook.server import wire
from webhook.server.metrics import Metrics
from webhook.server.recorder import Answered, ReviewRecorder, line_of

# A tenth of the shipped `timeoutSeconds`.
_NAMESPACE_SECONDS = 0.2


class Reviewer:
    """Answers reviews by the snapshot in force."""

    def __init__(
        self,
        snapshot: Snapshot,
        metrics: Metrics,
        on_denial: Callable[[Denial], object] | None = None,
        matched: dict[str, int] | None = None,
    ) -> None:
        """`on_denial` is called for each refused Pod, without dry runs; it must return at once.

        `matched`: as of ReviewRecorder.
        """
        self.snapshot = snapshot
        self._on_denial = on_denial
        self.metrics = metrics
        self.recorder = ReviewRecorder(metrics, matched)
        self.waited_seconds = 0.0
        """How long the last review waited for its namespace. Read it before the event loop runs another."""
        self._swapped = asyncio.Event()
        metrics.set_snapshot(Update(snapshot))

    def swap(self, update: Update) -> None:
        """Put a snapshot in force. Call it in the event loop."""
        self.snapshot = update.snapshot
        self.metrics.set_snapshot(update)
        self._swapped.set()
        self._swapped = asyncio.Event()

    async def review(self, body: bytes) -> bytes:
        """The answer to one AdmissionReview. Raises wire.BadReviewError.

        | request                          | answer                      | result       |
        |----------------------------------|-----------------------------|--------------|
        | anything but CREATE of a Pod     | allowed                     | left-alone   |
        | a Pod that cannot be read        | allowed, with a warning     | unreadable   |
        | an exempt Pod                    | allowed                     | left-alone   |
        | a Pod that violates a bound      | denied, with all violations | denied       |
        | a Pod that no edit changes       | allowed                     | unchanged    |
        | any other Pod                    | allowed, patched            | patched      |
        """
        started = time.perf_counter()
        self.waited_seconds = 0.0
        request = await self._read_request(body)
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
                # The API server decoded it, so this is a defect of podtailor and not of the Pod.
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
        if decision.denied and self._on_denial and not request.dryRun:
            denial = wire.denial(body, decision, _namespace(request, metadata))
            if denial:
                self._on_denial(denial)
        return answer

    async def _read_request(self, body: bytes) -> wire.AdmissionRequest:
        """Decode the review, after its namespace is known: a decoded Pod takes more memory than its bytes."""
        request = wire.read_review(body)
        namespace = request.namespace
        if not namespace or not self.snapshot.knows_namespaces or namespace in self.snapshot.namespaces:
            return request
        if not request.creates_a_pod:
            return request
        del request
        await self._wait_for_namespace(namespace)
        return wire.read_review(body)

    async def _wait_for_namespace(self, namespace: str) -> None:
        """Pods may be created a moment before the watch delivers their new namespace."""
        started = time.perf_counter()
        try:
            async with asyncio.timeout(_NAMESPACE_SECONDS):
                while namespace not in self.snapshot.namespaces:
                    await self._swapped.wait()
        except TimeoutError:
            # It counts as unlabelled. The webhook's selectors exclude namespaces that opted out.
            self.metrics.count_skip("unknown-namespace")
        self.waited_seconds = time.perf_counter() - started


def _result(decision: Decision, patch: list[Op]) -> str:
    if decision.denied:
        return "denied"
    return "patched" if patch else "left-alone" if decision.exemption else "unchanged"


def _namespace(request: wire.AdmissionRequest, metadata: ObjectMeta | None) -> str:
    return request.namespace or (metadata or NO_METADATA).namespace or "default"
