"""`podtailor images` about images of the reference registry, with what a login has written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from certs.files import CA_CERT
from tests.cli.conftest import Run, run
from tests.e2e.images.forms import FORMS
from tests.e2e.images.registry import HTPASSWD, PASSWORD, USER, Distribution, basic, crane

__all__ = ["run"]
_FORMS = {"both": FORMS["index"], "one": FORMS["docker-manifest"], "chart": FORMS["chart"]}


def test_images(certificates: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / CA_CERT))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    (tmp_path / "htpasswd").write_text(HTPASSWD)
    auth = {"htpasswd": {"realm": "here", "path": str(tmp_path / "htpasswd")}}
    pods, cache = tmp_path / "pods.json", str(tmp_path / "images.jsonl")
    with Distribution(tmp_path, certificates, auth=auth) as registry:
        for tag, form in _FORMS.items():
            registry.push_form("app", form, tag, basic())
        pods.write_text("\n---\n".join(json.dumps(_pod(tag, f"{registry.host}/app:{tag}")) for tag in _FORMS))
        crane(certificates, "auth", "login", registry.host, "--username", USER, "--password", PASSWORD)
        flags = ("--registry-config", str(tmp_path / "config.json"), "--allow-private-addresses", "localhost")
        done = run("images", "-f", str(pods), "--cache", cache, *flags)
        without = run("images", "-f", str(pods), *flags[2:])
    assert (done.code, done.err) == (0, "")
    width = len(f"{registry.host}/app:chart")
    assert done.out.splitlines() == [
        "1 of 3 owners would run on ARM64; 1 stopped by one container: app (1); 1 unknown.",
        f"{'IMAGE':<{width}}  LEVEL    BY                          USED BY",
        f"{registry.host}/app:one    no       configuration: linux/amd64  pod/one",
        f"{registry.host}/app:chart  unknown  an artifact, not an image   pod/chart",
        f"{registry.host}/app:both   says     index                       pod/both",
    ]
    assert without.out.count(f"401 from {registry.host}") == 3
    # The registry is gone, and what it said is not.
    again = run("images", "-f", str(pods), "--cache", cache, "--ask", "never")
    assert again.out == done.out


def _pod(name: str, image: str) -> dict[str, object]:
    spec = {"containers": [{"name": "app", "image": image}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
