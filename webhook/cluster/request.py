"""Write one object, and say what the API server said where it did not take it."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from kubernetes.client import ApiClient

from webhook.cluster.pager import api_exception

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
JSON = "application/json"
STRATEGIC = "application/strategic-merge-patch+json"
_SECONDS = 30
NO_QUERY: Mapping[str, str] = MappingProxyType({})


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
    """The answer.

    Raises ApiException with the API server's own words, and HTTPError or OSError where it cannot be reached.
    """
    # Of a request without body too the API server minds the type: `/version` is answered with 415.
    about_body = {} if body is None else {"Content-Type": content_type}
    response = api.call_api(
        *api.param_serialize(
            method,
            path,
            query_params=list(query.items()),
            header_params={"Accept": "application/json", **about_body},
            body=body,
            auth_settings=["BearerToken"],
        ),
        _request_timeout=seconds,
    )
    said = response.read() or b""
    if response.status >= HTTPStatus.BAD_REQUEST:
        raise api_exception(response.status, response.reason, said)
    return said
