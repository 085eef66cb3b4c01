"""A replica that has not listed its cluster yet answers 503, so that failurePolicy decides."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from tests.support.pods import pod
from tests.support.server import Server, review_of

BODY = json.dumps(review_of(pod())).encode()


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of an API server that accepts connections and sends nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def _kubeconfig(folder: Path, port: int) -> Path:
    file = folder / "kubeconfig"
    cluster = {"name": "c", "cluster": {"server": f"http://127.0.0.1:{port}"}}
    context = {"name": "c", "context": {"cluster": "c", "user": "u"}}
    users = [{"name": "u", "user": {}}]
    kubeconfig = {"apiVersion": "v1", "kind": "Config", "clusters": [cluster], "contexts": [context]}
    file.write_text(yaml.safe_dump(kubeconfig | {"users": users, "current-context": "c"}))
    return file


def test_reviews_are_503_without_retry_after_until_the_cluster_is_listed(tmp_path: Path, silent: int) -> None:
    kubeconfig = _kubeconfig(tmp_path, silent)
    server = Server(tmp_path, "--from-cluster", f"--kubeconfig={kubeconfig}")
    try:
        with closing(server.connection()) as connection:
            connection.request("POST", "/mutate", BODY, {"Content-Type": "application/json"})
            response = connection.getresponse()
            reason = response.read().decode()
            assert response.status == 503
            assert response.getheader("Retry-After") is None
        status, ready = server.health("/readyz")
        assert (status, ready) == (503, reason)
        assert reason.startswith("waiting for ")
        assert server.metric('podtailor_admission_requests_total{dry_run="false",result="not-ready"}') == 1
        assert server.wait_for_log("review refused")["result"] == "not-ready"
    finally:
        server.stop()


def test_without_a_cluster_reviews_are_answered_at_once(tmp_path: Path) -> None:
    server = Server(tmp_path, "--policies=examples/policies", "--mode=audit")
    try:
        assert server.post(BODY)[0] == 200
    finally:
        assert server.stop() == 0
