"""One request to the API server. Everything in webhook/ that calls an API server does so through `call`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

import msgspec
from kubernetes.client import ApiClient, ApiException
from msgspec import Struct

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
JSON = "application/json"
STRATEGIC = "application/strategic-merge-patch+json"
Query = Sequence[tuple[str, str]]
_SECONDS = 30
NO_QUERY: Mapping[str, str] = MappingProxyType({})


class _ListMeta(Struct, frozen=True):
    continue_: str | None = msgspec.field(default=None, name="continue")


class _Status(Struct, frozen=True):
    message: str = ""
    metadata: _ListMeta = _ListMeta()


_STATUSES = msgspec.json.Decoder(_Status)


class GoneError(ApiException):
    """410: the version asked for is too old. `token` continues a list with what exists now."""

    def __init__(self, token: str) -> None:
        super().__init__(HTTPStatus.GONE, "too long ago")
        self.token = token


def request(  # noqa: PLR0913 (what a request is made of)
    api: ApiClient,
    method: str,
    path: str,
    body: Any = None,
    *,
    content_type: str = MERGE,
    seconds: float = _SECONDS,
    query: Mapping[str, str] = NO_QUERY,
) -> bytes:
    """The body of the response.

    Raises ApiException with the API server's message, and HTTPError or OSError if it cannot be reached.
    """
    # Not without a body: the API server answers `/version` with 415 then.
    headers = {} if body is None else {"Content-Type": content_type}
    headers["Accept"] = JSON
    response = call(api, method, path, list(query.items()), headers, body, seconds)
    content: bytes = response.data or b""
    return content


def call(  # noqa: PLR0913, PLR0917 (what a request is made of)
    api: ApiClient,
    method: str,
    path: str,
    query: Query,
    headers: Mapping[str, str],
    body: Any,
    timeout: float | tuple[float, float],
) -> Any:
    """The response of urllib3, whose body is not read yet. Raises as `request` does.

    `timeout`: seconds in all, or to connect and between two parts of the body.
    """
    response = api.call_api(
        *api.param_serialize(
            method,
            path,
            query_params=list(query),
            header_params=dict(headers),
            body=body,
            auth_settings=["BearerToken"],
        ),
        _request_timeout=timeout,
    ).response
    if not HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
        raise _api_exception(response.status, response.reason, response.read() or b"")
    return response


def _api_exception(status: int, reason: str, body: bytes) -> ApiException:
    """With the message of the API server, if there is one."""
    try:
        answer = _STATUSES.decode(body)
    except msgspec.MsgspecError:  # the page of a proxy
        answer = _Status()
    if status == HTTPStatus.GONE:
        return GoneError(answer.metadata.continue_ or "")
    return ApiException(status, answer.message or reason)
