"""What a command says about a kubeconfig that it cannot use."""

from __future__ import annotations

from pathlib import Path

import pytest

from webhook.cluster.client import api_client, current_namespace
from webhook.errors import ClusterError

WHOLE = """\
current-context: here
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: u, user: {}}]
contexts:
- {name: here, context: {cluster: c, user: u}}
- {name: broken, context: {cluster: gone, user: u}}
"""


@pytest.mark.parametrize(
    ("text", "context", "name", "message"),
    [
        pytest.param("", None, "invalid-kubeconfig", "kubeconfig FILE: empty", id="empty"),
        pytest.param("a: [\n", None, "invalid-kubeconfig", "kubeconfig FILE:2:1: not YAML: a value is missing", id="no YAML"),
        pytest.param("- x\n", None, "invalid-kubeconfig", "kubeconfig FILE: not a kubeconfig", id="a list"),
        pytest.param("nonsense\n", None, "invalid-kubeconfig", "kubeconfig FILE: not a kubeconfig", id="a word"),
        pytest.param("contexts: []\n", None, "unknown-context", "kubeconfig FILE: no current context", id="no current context"),
        pytest.param(WHOLE, "there", "unknown-context", "kubeconfig FILE: no context there; there are here, broken", id="another context"),
        pytest.param(WHOLE, "broken", "invalid-kubeconfig", "kubeconfig FILE, context broken: no gone in its clusters", id="a cluster that is missing"),
    ],
)  # fmt: skip
def test_mistake_is_named(tmp_path: Path, text: str, context: str | None, name: str, message: str) -> None:
    file = tmp_path / "config"
    file.write_text(text)
    with pytest.raises(ClusterError) as error:
        api_client(str(file), context)
    assert (error.value.name, str(error.value)) == (name, message.replace("FILE", str(file)))
    assert "`kubectl config " in error.value.hint


def test_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(ClusterError, match=r"^no kubeconfig at ~/\.kube/config$") as error:
        current_namespace()
    assert error.value.name == "no-kubeconfig"


def test_pod_has_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    with pytest.raises(ClusterError, match="no token of a ServiceAccount in this Pod") as error:
        api_client()
    assert (error.value.name, error.value.hint.partition(":")[0]) == (
        "no-kubeconfig",
        "set automountServiceAccountToken",
    )
