"""What completion reads of kubeconfigs."""

from __future__ import annotations

import base64
import json
import os
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certs.files import issue_to
from webhook.completion import kubeconfig


@pytest.fixture
def files(tmp_path: Path) -> Path:
    issue_to(tmp_path, ["localhost"], datetime.now(UTC), timedelta(days=1), "me")
    return tmp_path


def _write(path: Path, name: str, *, current: str = "", cluster: object = None, user: object = None) -> None:
    config = {
        "current-context": current,
        "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": f"{name}-own"}}],
        "clusters": [{"name": name, "cluster": cluster or {"server": f"https://{name}:6443/prefix/"}}],
        "users": [{"name": name, "user": user or {"token": f"token of {name}"}}],
    }
    path.write_text(json.dumps(config))


def test_several_files_are_one(tmp_path: Path) -> None:
    _write(tmp_path / "a", "a")
    _write(tmp_path / "b", "b", current="b")
    config = kubeconfig.read(
        os.pathsep.join([str(tmp_path / "a"), str(tmp_path / "none"), str(tmp_path / "b")])
    )
    assert list(config.contexts) == ["a", "b"]
    assert [kubeconfig.namespace(config, each) for each in ("a", None)] == ["a-own", "b-own"]
    server = kubeconfig.server(config, None)
    assert (server.host, server.port, server.prefix) == ("b", 6443, "/prefix")
    assert server.headers == {"Authorization": "Bearer token of b"}


def test_files_beside_the_kubeconfig_are_read(files: Path) -> None:
    (files / "token").write_text("from a file\n")
    _write(
        files / "config",
        "a",
        current="a",
        cluster={"server": "https://a", "certificate-authority": "ca.crt"},
        user={"tokenFile": "token", "client-certificate": "client.crt", "client-key": "client.key"},
    )
    server = kubeconfig.server(kubeconfig.read(str(files / "config")), None)
    assert server.headers == {"Authorization": "Bearer from a file"}
    assert server.tls
    assert server.tls.verify_mode is ssl.CERT_REQUIRED
    assert len(server.tls.get_ca_certs()) == 1


def test_key_of_a_kubeconfig_leaves_no_file(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = files / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    data = {
        f"client-{field}-data": base64.b64encode((files / f"client.{end}").read_bytes()).decode()
        for field, end in (("certificate", "crt"), ("key", "key"))
    }
    _write(files / "config", "a", current="a", cluster={"server": "https://a"}, user=data)
    assert kubeconfig.server(kubeconfig.read(str(files / "config")), None).tls
    assert list(folder.iterdir()) == []


def test_insecure_is_as_insecure_as_kubectl(tmp_path: Path) -> None:
    _write(
        tmp_path / "c", "a", current="a", cluster={"server": "https://a", "insecure-skip-tls-verify": True}
    )
    server = kubeconfig.server(kubeconfig.read(str(tmp_path / "c")), None)
    assert server.tls
    assert server.tls.verify_mode is ssl.CERT_NONE
