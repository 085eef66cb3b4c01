"""AdmissionReview, in and out. The only module that knows its shape (k8s.io/api `admission/v1/types.go`).

What the API server checks of an answer is in k8s.io/apiserver
`pkg/admission/plugin/webhook/request/admissionreview.go`: apiVersion and kind, the uid of the request, patch
and patchType both or neither.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from webhook.engine.evaluate import Decision
from webhook.model.notice import Notice
from webhook.model.patch import Op
from webhook.model.pod import PodView
from webhook.model.text import (
    LIST_LENGTH,
    MESSAGE_LENGTH,
    NAME_LENGTH,
    WARNING_LENGTH,
    truncate,
    truncate_list,
)

API_VERSION = "admission.k8s.io/v1"
KIND = "AdmissionReview"

MAX_WARNINGS = 5
# Commas and opening braces of a review. For each a decoded Pod takes up to 200 bytes (measured: short labels
# that are not ASCII), so 20 MiB at most. Reviews of an API server have one in 24 bytes (bench/reviews), and
# etcd stores objects of up to 1.5 MiB: 65,000.
MAX_ELEMENTS = 100_000
_FORBIDDEN = 403  # as LimitRanger's own refusals


class BadReviewError(Exception):
    """The body is no AdmissionReview that this server understands: the caller's fault, status 400."""


class UnreadablePodError(Exception):
    """The review is one, its Pod is none that this server can read."""


class TooLargePodError(Exception):
    """The Pod has more elements than any that could be stored, and is not decoded."""


# What msgspec raises for malformed text. ValueError: UTF-8 that is none, numbers of thousands of digits.
_UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)


class GroupVersionKind(Struct, frozen=True):
    group: str = ""
    version: str = ""
    kind: str = ""


_POD_KIND = GroupVersionKind("", "v1", "Pod")


class AdmissionRequest(Struct, frozen=True):
    uid: str
    kind: GroupVersionKind = GroupVersionKind()
    operation: str = ""
    subResource: str | None = None
    namespace: str | None = None
    name: str | None = None
    dryRun: bool | None = None

    @property
    def creates_a_pod(self) -> bool:
        """Whether this is what the webhook configuration asks for; everything else is left alone."""
        return self.operation == "CREATE" and self.kind == _POD_KIND and not self.subResource


class _PodRequest(AdmissionRequest, frozen=True):
    object: PodView | None = None


class _RawRequest(AdmissionRequest, frozen=True):
    object: msgspec.Raw = msgspec.Raw(b"null")


Read = TypeVar("Read", bound=AdmissionRequest)


class AdmissionReview(Struct, Generic[Read], frozen=True):
    apiVersion: str = ""
    kind: str = ""
    request: Read | None = None


# Nearly every review holds a Pod that can be read: envelope and Pod in one pass over the bytes.
_PODS = msgspec.json.Decoder(AdmissionReview[_PodRequest])
_REVIEWS = msgspec.json.Decoder(AdmissionReview[_RawRequest])
_POD = msgspec.json.Decoder(PodView)


def read_review(body: bytes) -> AdmissionRequest:
    """The request of a review. Raises BadReviewError saying what is wrong."""
    review = _review(body)
    if (review.apiVersion, review.kind) != (API_VERSION, KIND):
        version, kind = truncate(review.apiVersion, NAME_LENGTH), truncate(review.kind, NAME_LENGTH)
        raise BadReviewError(
            f"apiVersion '{version}', kind '{kind}': this server speaks {API_VERSION} {KIND}"
        )
    if review.request is None:
        raise BadReviewError("request: missing; a review without one asks nothing")
    if not review.request.uid:
        raise BadReviewError("request.uid: empty")
    if len(review.request.uid) > NAME_LENGTH:  # the answer repeats it
        raise BadReviewError(f"request.uid: longer than {NAME_LENGTH} characters")
    return review.request


def _review(body: bytes) -> AdmissionReview[_PodRequest] | AdmissionReview[_RawRequest]:
    if _is_too_large(body):
        return _envelope(body)
    try:
        return _PODS.decode(body)
    except _UNREADABLE:  # the review, or only what it holds
        return _envelope(body)


def _envelope(body: bytes) -> AdmissionReview[_RawRequest]:
    try:
        return _REVIEWS.decode(body)
    except _UNREADABLE as error:
        raise BadReviewError(f"not an AdmissionReview: {error}") from error


def _is_too_large(text: bytes) -> bool:
    """Whether decoding it could take much memory. Most have fewer bytes than that, and are not searched."""
    return len(text) > MAX_ELEMENTS and text.count(b",") + text.count(b"{") > MAX_ELEMENTS


def read_pod(request: AdmissionRequest) -> PodView:
    """The Pod of a request.

    Raises UnreadablePodError for one that no API server sends, TooLargePodError for one that none stores.
    """
    if isinstance(request, _PodRequest) and request.object is not None:
        return request.object
    raw = bytes(request.object) if isinstance(request, _RawRequest) else b"null"
    if _is_too_large(raw):
        raise TooLargePodError(f"more than {MAX_ELEMENTS} commas and braces in its JSON")
    try:
        return _POD.decode(raw)
    except _UNREADABLE as error:
        raise UnreadablePodError(str(error)) from error


def allowed(uid: str, warnings: Iterable[Notice] = ()) -> bytes:
    """Admit the object as it is."""
    return _answer({"uid": uid, "allowed": True, **_warned(map(str, warnings))})


def decided(uid: str, decision: Decision, patch: list[Op]) -> bytes:
    """Admit the Pod with the decision's patch, where it has one; or refuse it, where a policy says so."""
    response: dict[str, Any] = {"uid": uid, "allowed": decision.denied is None}
    if decision.denied:
        message = truncate(decision.denied, LIST_LENGTH)
        response["status"] = {"code": _FORBIDDEN, "reason": "Forbidden", "message": message}
    elif patch:
        # Bytes, which msgspec writes in base64 as the API server reads them.
        response |= {"patch": msgspec.json.encode(patch), "patchType": "JSONPatch"}
    response |= _warned((*map(str, decision.warnings), *_would_change(decision)))
    notes = _audit_annotations(decision)
    if notes:
        response["auditAnnotations"] = notes
    return _answer(response)


def _answer(response: dict[str, Any]) -> bytes:
    return msgspec.json.encode({"apiVersion": API_VERSION, "kind": KIND, "response": response})


def _warned(warnings: Iterable[str]) -> dict[str, list[str]]:
    shown = [f"podtailor: {warning}" for warning in itertools.islice(warnings, MAX_WARNINGS)]
    return {"warnings": [truncate(warning, WARNING_LENGTH) for warning in shown]} if shown else {}


def _would_change(decision: Decision) -> tuple[str, ...]:
    fields = would_change(decision)
    return (f"audit only, not changed: {', '.join(fields)}",) if fields else ()


def would_change(decision: Decision) -> tuple[str, ...]:
    """`policy: field` of what only audited policies would set."""
    if not decision.would_change:
        return ()
    return truncate_list(f"{change.policy.name}: {change.field}" for change in decision.would_change)


def _audit_annotations(decision: Decision) -> dict[str, str]:
    """For the API server's audit log. Keys without `/`: it puts the webhook's name before them."""
    if decision.exemption:
        return {"left-alone": truncate(str(decision.exemption), MESSAGE_LENGTH)}
    notes = {"workload-types": ",".join(decision.types)}
    if decision.enforced:
        notes["policies"] = truncate(",".join([policy.name for policy in decision.enforced]), MESSAGE_LENGTH)
    fields = would_change(decision)
    if fields:
        # An audit log keeps what it is given: long lists belong in our own log line.
        notes["would-change"] = truncate(", ".join(fields), MESSAGE_LENGTH)
    return notes
