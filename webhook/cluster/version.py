"""The Kubernetes version of the API server."""

from __future__ import annotations

import re

import msgspec
from kubernetes.client import ApiClient, ApiException
from msgspec import Struct
from urllib3.exceptions import HTTPError

from webhook.cluster.request import request

# Some distributions write `33+`.
_MINOR = re.compile(r"(\d{1,4})\+?", re.ASCII)
_SECONDS = 5


class _Version(Struct, frozen=True):
    major: str = ""
    minor: str = ""


_VERSIONS = msgspec.json.Decoder(_Version)


def minor_version(api: ApiClient) -> int | None:
    """The x of 1.x; None if it is not known."""
    try:
        version = _VERSIONS.decode(request(api, "GET", "/version", seconds=_SECONDS))
    except (ApiException, HTTPError, OSError, msgspec.MsgspecError):
        return None
    match = _MINOR.fullmatch(version.minor)
    return int(match[1]) if match and version.major == "1" else None
