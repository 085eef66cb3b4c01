"""Decode and encode AdmissionReviews. Only here is their shape known (k8s.io/api `admission/v1/types.go`).

The API server checks that an answer has apiVersion, kind and the uid of the request, and patch and patchType
both or neither (k8s.io/apiserver `pkg/admission/plugin/webhook/request/admissionreview.go`).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from webhook.engine.evaluate import Decision
from webhook.model.denial import Denial, ObjectReference
from webhook.model.notice import Notice
from webhook.model.patch import Op
from webhook.model.pod import PodView
from webhook.model.policy import Policy
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
# Commas and opening braces of a review. A decoded Pod takes up to 200 bytes for each (measured: short labels
# that are not ASCII), so at most 20 MiB. Reviews of an API server have one in 24 bytes (bench/reviews), and
# etcd stores objects of up to 1.5 MiB: 65,000.
MAX_ELEMENTS = 100_000


class BadReviewError(Exception):
    """The body is not an AdmissionReview that this server supports: status 400."""


class UnreadablePodError(Exception):
    """The Pod of the review cannot be decoded."""


class TooLargePodError(Exception):
    """The Pod has more elements than etcd could store, and is not decoded."""


# What msgspec raises for malformed text. ValueError: invalid UTF-8, numbers of thousands of digits.
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
        """Whether it is what the webhook configuration selects; everything else is exempt."""
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


# Nearly every review has a valid Pod: review and Pod are decoded in one pass over the bytes.
_POD_REVIEW = msgspec.json.Decoder(AdmissionReview[_PodRequest])
_RAW_REVIEW = msgspec.json.Decoder(AdmissionReview[_RawRequest])
_POD = msgspec.json.Decoder(PodView)


def read_review(body: bytes) -> AdmissionRequest:
    """The request of a review. Raises BadReviewError, whose message says what is wrong."""
    review = _decode(body)
    if (review.apiVersion, review.kind) != (API_VERSION, KIND):
        version, kind = truncate(review.apiVersion, NAME_LENGTH), truncate(review.kind, NAME_LENGTH)
        raise BadReviewError(
            f"apiVersion '{version}', kind '{kind}': this server accepts {API_VERSION} {KIND}"
        )
    if review.request is None:
        raise BadReviewError("request: missing")
    if not review.request.uid:
        raise BadReviewError("request.uid: empty")
    if len(review.request.uid) > NAME_LENGTH:  # the answer repeats it
        raise BadReviewError(f"request.uid: longer than {NAME_LENGTH} characters")
    return review.request


def _decode(body: bytes) -> AdmissionReview[_PodRequest] | AdmissionReview[_RawRequest]:
    if _is_too_large(body):
        return _decode_without_pod(body)
    try:
        return _POD_REVIEW.decode(body)
    except _UNREADABLE:  # the review, or only its Pod
        return _decode_without_pod(body)


def _decode_without_pod(body: bytes) -> AdmissionReview[_RawRequest]:
    try:
        return _RAW_REVIEW.decode(body)
    except _UNREADABLE as error:
        raise BadReviewError(f"not an AdmissionReview: {error}") from error


def _is_too_large(text: bytes) -> bool:
    """Whether decoding it could take much memory. Most texts have fewer bytes, and are not searched."""
    return len(text) > MAX_ELEMENTS and text.count(b",") + text.count(b"{") > MAX_ELEMENTS


def read_pod(request: AdmissionRequest) -> PodView:
    """The Pod of a request.

    Raises UnreadablePodError, and TooLargePodError.
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


class _Owner(Struct, frozen=True):
    apiVersion: str = ""
    kind: str = ""
    name: str = ""
    uid: str = ""
    controller: bool | None = None


class _OwnedMeta(Struct, frozen=True):
    name: str | None = None
    ownerReferences: list[_Owner] | None = None


class _Owned(Struct, frozen=True):
    metadata: _OwnedMeta | None = None


class _OwnedRequest(AdmissionRequest, frozen=True):
    object: _Owned | None = None


_OWNED_REVIEW = msgspec.json.Decoder(AdmissionReview[_OwnedRequest])


def denial(body: bytes, decision: Decision, namespace: str) -> Denial | None:
    """What Events need of a review that `read_pod` could read; None if there is no object to report it on.

    It is decoded once more, so that Pods that are not refused need not carry it.
    """
    try:
        request = _OWNED_REVIEW.decode(body).request
    except _UNREADABLE:  # a field that `read_pod` does not read; only a caller other than an API server
        return None
    metadata = (request and request.object and request.object.metadata) or _OwnedMeta()
    bare = _Owner("v1", "Pod", metadata.name or "", controller=True)
    owner = next(each for each in (*(metadata.ownerReferences or ()), bare) if each.controller)
    # The API server validates references only after webhooks.
    if not all(0 < len(each) <= NAME_LENGTH and each.isprintable() for each in (owner.name, owner.kind)):
        return None
    policies = {each.policy.key for each in decision.outcome.violations if _denies(each.policy)}
    regarding = ObjectReference(
        truncate(owner.apiVersion, NAME_LENGTH),
        owner.kind,
        owner.name,
        namespace,
        truncate(owner.uid, NAME_LENGTH),
    )
    return Denial(regarding, tuple(sorted(policies)), truncate(decision.denied or "", MESSAGE_LENGTH))


def _denies(policy: Policy) -> bool:
    return bool(policy.resources and policy.resources.deny)


def allowed(uid: str, warnings: Iterable[Notice] = ()) -> bytes:
    """Allow the object unchanged."""
    return _encode({"uid": uid, "allowed": True, **_warnings(map(str, warnings))})


def decided(uid: str, decision: Decision, patch: list[Op]) -> bytes:
    """Allow the Pod with the patch, if there is one; or deny it, if a policy does."""
    response: dict[str, Any] = {"uid": uid, "allowed": decision.denied is None}
    if decision.denied:
        message = truncate(decision.denied, LIST_LENGTH)
        response["status"] = {"code": HTTPStatus.FORBIDDEN, "reason": "Forbidden", "message": message}
    elif patch:
        # msgspec encodes bytes in base64, as Go does.
        response |= {"patch": msgspec.json.encode(patch), "patchType": "JSONPatch"}
    audited = would_change(decision) if decision.would_change else ()
    warnings = [str(each) for each in decision.warnings]
    if audited:
        warnings.append(f"audit only, not changed: {', '.join(audited)}")
    if warnings:
        response |= _warnings(warnings)
    annotations = _audit_annotations(decision, audited)
    if annotations:
        response["auditAnnotations"] = annotations
    return _encode(response)


def _encode(response: dict[str, Any]) -> bytes:
    return msgspec.json.encode({"apiVersion": API_VERSION, "kind": KIND, "response": response})


def _warnings(warnings: Iterable[str]) -> dict[str, list[str]]:
    prefixed = [f"podtailor: {warning}" for warning in itertools.islice(warnings, MAX_WARNINGS)]
    return {"warnings": [truncate(warning, WARNING_LENGTH) for warning in prefixed]} if prefixed else {}


def would_change(decision: Decision) -> tuple[str, ...]:
    """`policy: field` of every change that a policy in mode Audit would make."""
    return truncate_list(f"{change.policy.name}: {change.field}" for change in decision.would_change)


def _audit_annotations(decision: Decision, audited: Sequence[str]) -> dict[str, str]:
    """For the API server's audit log, which puts the webhook's name and a `/` before each key."""
    if decision.exemption:
        return {"left-alone": truncate(str(decision.exemption), MESSAGE_LENGTH)}
    annotations = {"workload-types": ",".join(decision.types)}
    if decision.enforced:
        annotations["policies"] = truncate(
            ",".join([policy.name for policy in decision.enforced]), MESSAGE_LENGTH
        )
    if audited:
        # The audit log keeps everything: only our own log line has long lists.
        annotations["would-change"] = truncate(", ".join(audited), MESSAGE_LENGTH)
    return annotations
