"""Write one object, and say what the API server said where it did not take it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec
from kubernetes.client import ApiClient, ApiException
from msgspec import Struct

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
_SECONDS = 30


class _Status(Struct, frozen=True):
    message: str = ""


def send(
    api: ApiClient, method: str, path: str, body: Any = None, *, content_type: str = MERGE, **query: str
) -> bytes:
    """The answer.

    Raises ApiException with the API server's own words, and HTTPError or OSError where it cannot be reached.
    """
    response = api.call_api(
        *api.param_serialize(
            method,
            path,
            query_params=list(query.items()),
            header_params={"Content-Type": content_type, "Accept": "application/json"},
            body=body,
            auth_settings=["BearerToken"],
        ),
        _request_timeout=_SECONDS,
    )
    said = response.read() or b""
    if response.status >= HTTPStatus.BAD_REQUEST:
        try:
            reason = msgspec.json.decode(said, type=_Status).message
        except msgspec.MsgspecError:  # a proxy's page
            reason = ""
        raise ApiException(response.status, reason or response.reason)
    return said
