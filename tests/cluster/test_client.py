"""Which cluster, and which namespace of it: as kubectl decides."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from urllib3 import ProxyManager

from webhook.cluster import client
from webhook.cluster.client import api_client, current_namespace
from webhook.errors import ClusterError


@pytest.fixture
def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two contexts, of which the current one names no namespace; nothing else says where a cluster is."""
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "POD_NAMESPACE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return _kubeconfig(tmp_path / "config", current="plain", plain={}, shop={"namespace": "shop"})


def _kubeconfig(file: Path, current: str | None = None, **contexts: dict[str, str]) -> Path:
    named = [
        {"name": name, "context": {"cluster": "c", "user": "u", **context}}
        for name, context in contexts.items()
    ]
    clusters = [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}]
    users = [{"name": "u", "user": {}}]
    config = {"contexts": named, "clusters": clusters, "users": users}
    file.write_text(json.dumps({**config, **({"current-context": current} if current else {})}))
    return file


def test_namespace_is_that_of_the_context(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert current_namespace(str(kubeconfig)) == "default"
    assert current_namespace(str(kubeconfig), "shop") == "shop"
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
    assert current_namespace(context="shop") == "shop"


def test_files_of_the_variable_are_read_together(
    kubeconfig: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = _kubeconfig(tmp_path / "first", current="shop")
    missing = tmp_path / "missing"
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, (missing, first, kubeconfig))))
    assert current_namespace() == "shop"
    assert current_namespace(context="plain") == "default"


def test_first_file_that_says_so_chooses_the_cluster(
    kubeconfig: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = _kubeconfig(tmp_path / "other", current="test", test={"cluster": "test"})
    other.write_text(other.read_text().replace('"c"', '"test"').replace("127.0.0.1:1", "127.0.0.1:2"))
    for files, url in (
        ((other, kubeconfig), "https://127.0.0.1:2"),
        ((kubeconfig, other), "https://127.0.0.1:1"),
    ):
        monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, files)))
        assert api_client().configuration.host == url


def test_context_that_is_given_needs_no_current_one(kubeconfig: Path) -> None:
    without = _kubeconfig(kubeconfig.with_name("without"), shop={"namespace": "shop"})
    assert current_namespace(str(without), "shop") == "shop"


def test_namespace_in_a_pod_is_that_of_its_account(
    kubeconfig: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = tmp_path / "namespace"
    monkeypatch.setattr(client, "_ACCOUNT_NAMESPACE", account)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    assert current_namespace() == "default"
    account.write_text("mine\n")
    assert current_namespace() == "mine"
    assert current_namespace(str(kubeconfig)) == "default", "what is given is asked first"
    monkeypatch.setenv("POD_NAMESPACE", "from-the-variable")
    assert current_namespace() == "from-the-variable"


@pytest.mark.parametrize("text", ["", "- x", "nonsense", '{"contexts": null}'])
def test_file_that_is_none_is_named(kubeconfig: Path, text: str) -> None:
    kubeconfig.write_text(text)
    with pytest.raises(ClusterError, match="config"):
        current_namespace(str(kubeconfig))


@pytest.mark.parametrize(
    ("cluster", "is_through"),
    [
        pytest.param({"server": "https://192.0.2.1"}, True, id="takes it to another machine"),
        pytest.param({"server": "https://192.0.2.9"}, False, id="goes past it where NO_PROXY says so"),
        pytest.param({"server": "https://127.0.0.1:6443"}, False, id="goes past it to this machine"),
        pytest.param({"server": "https://[::1]:6443"}, False, id="goes past it to this machine by IPv6"),
        pytest.param({"server": "https://localhost:6443"}, False, id="goes past it to this machine by name"),
        pytest.param(
            {"server": "https://127.0.0.1:6443", "proxy-url": "http://192.0.2.4:1"},
            True,
            id="takes the one that the kubeconfig names anywhere",
        ),
        pytest.param(
            {"server": "https://192.0.2.9", "proxy-url": "http://192.0.2.4:1"},
            True,
            id="takes the one that the kubeconfig names though NO_PROXY speaks of the cluster",
        ),
    ],
)
def test_proxy_is_taken_as_kubectl_takes_it(
    cluster: dict[str, str], is_through: bool, kubeconfig: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://192.0.2.3:3128")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "192.0.2.8/30")
    config = json.loads(kubeconfig.read_text())
    config["clusters"][0]["cluster"] = cluster
    kubeconfig.write_text(json.dumps(config))
    with api_client(str(kubeconfig)) as api:
        assert isinstance(api.rest_client.pool_manager, ProxyManager) is is_through
