"""Errors of one request are in the words of the API server."""

from __future__ import annotations

import pytest
from kubernetes.client import ApiClient, ApiException

from tests.cluster.fake_api import FakeApi
from webhook.cluster.request import request


def test_refusal_is_in_the_words_of_the_api_server(fake_cluster: tuple[FakeApi, ApiClient]) -> None:
    fake, api = fake_cluster
    fake.respond({"kind": "Status", "message": "unable to parse requirement"}, status=400)
    with pytest.raises(ApiException, match="unable to parse requirement"):
        request(api, "GET", "/api/v1/things")
    fake.respond("<html>a proxy</html>", status=502)
    with pytest.raises(ApiException, match="502"):
        request(api, "GET", "/api/v1/things")
