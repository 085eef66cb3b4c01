"""Which credentials are meant for a repository: Docker's files, Secrets of Pods, helpers."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from webhook.errors import InputError
from webhook.images.registry.credentials import Credentials, Login, parse_docker_config, parse_dockercfg
from webhook.images.registry.image import RegistryError


def _auth(user: str, password: str = "secret") -> dict[str, str]:  # noqa: S107 - of a test
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


def _config(text: Any, *, runs_helpers: bool = False) -> Credentials:
    return Credentials(
        [parse_docker_config(json.dumps(text).encode(), "config.json", runs_helpers=runs_helpers)]
    )


def _users(keys: list[str], host: str, path: str = "team/app") -> list[str]:
    """The keys of the entries that apply, in their order."""
    auths = {key: {"username": key, "password": "secret"} for key in keys}
    return [login.username for login in _config({"auths": auths}).logins(host, path)]


@pytest.mark.parametrize(
    ("key", "host"),
    [
        ("r.example", "r.example"),
        ("https://r.example", "r.example"),
        ("http://r.example/v2/", "r.example"),
        ("R.example", "r.EXAMPLE"),
        ("r.example:5000", "r.example:5000"),
        ("r.example/team", "r.example"),
        ("r.example/team/app", "r.example"),
        ("*.example", "r.example"),
        ("r*.example/team", "r.example"),
        ("*.*", "r.example"),
        ("[fd00::1]:5000", "[fd00::1]:5000"),
        ("docker.io", "registry-1.docker.io"),
        ("index.docker.io", "registry-1.docker.io"),
    ],
)
def test_entry_is_meant(key: str, host: str) -> None:
    assert _users([key], host) == [key]


@pytest.mark.parametrize(
    ("key", "host"),
    [
        ("r.example", "r.example.org"),
        ("r.example", "other.example"),
        ("*.example", "example"),
        ("*.example", "a.r.example"),
        ("*", "r.example"),
        ("r.example", "r.example:5000"),
        ("r.example:5000", "r.example"),
        ("r.example/other", "r.example"),
        ("r.example/team/app/more", "r.example"),
        ("", "r.example"),
        ("docker.io", "r.example"),
    ],
)
def test_entry_is_not_meant(key: str, host: str) -> None:
    assert _users([key], host) == []


def test_entry_of_docker_hub() -> None:
    found = _config({"auths": {"https://index.docker.io/v1/": _auth("me")}})
    assert found.logins("registry-1.docker.io", "library/nginx") == [Login("me", "secret")]
    assert found.logins("docker.io.example", "library/nginx") == []


def test_most_specific_first() -> None:
    keys = ["*.example", "r.example", "r.example/team", "r.example/team/app", "r.example/other"]
    assert _users(keys, "r.example") == ["r.example/team/app", "r.example/team", "r.example", "*.example"]


def test_several_files_count_as_one() -> None:
    files = [{"r.example": _auth("a")}, {"r.example/team": _auth("b")}]
    configs = [parse_docker_config(json.dumps({"auths": each}).encode(), "x") for each in files]
    assert [each.username for each in Credentials(configs).logins("r.example", "team/app")] == ["b", "a"]
    assert Credentials().logins("r.example", "team/app") == []


@pytest.mark.parametrize(
    ("auth", "expected"),
    [
        (_auth("me", "a:b"), [Login("me", "a:b")]),
        ({"username": "me", "password": "secret"}, [Login("me", "secret")]),
        ({**_auth("me"), "username": "other", "password": "old"}, [Login("me", "secret")]),
        (_auth("me", "secret\0"), [Login("me", "secret")]),
        ({**_auth("0000", ""), "identitytoken": "refresh"}, [Login("0000", "", "refresh")]),
        ({}, []),
        ({"email": "me@r.example"}, []),
    ],
)
def test_login(auth: dict[str, str], expected: list[Login]) -> None:
    assert _config({"auths": {"r.example": auth}}).logins("r.example", "a") == expected


def test_secret_is_for_the_images_of_its_pods() -> None:
    """Else a Pod of another team, with an image of a host of its own, would get what a glob is for."""
    config = parse_docker_config(
        json.dumps({"auths": {"*.example": _auth("me"), "docker.io": _auth("me")}}).encode(), "x"
    )
    ours = frozenset({"a.example/team/app", "docker.io/team/app"})
    found = Credentials([structs.replace(config, repositories=ours)])
    for host in ("a.example", "registry-1.docker.io"):
        assert found.logins(host, "team/app") == [Login("me", "secret")]
        assert found.logins(host, "team/other") == []
    assert found.logins("b.example", "team/app") == []


def test_older_form() -> None:
    config = parse_dockercfg(json.dumps({"r.example": _auth("me")}).encode(), ".dockercfg")
    assert Credentials([config]).logins("r.example", "a") == [Login("me", "secret")]


def test_secrets_are_not_shown() -> None:
    assert repr([Login("me", "secret", "token")]) == "[Login('me')]"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "Input data was truncated"),
        (b"{", "Input data was truncated"),
        (b"[]", "Expected `object`, got `array`"),
        (b'{"auths": {"r.example": {"auth": 1}}}', "Expected `str`, got `int`"),
        (b'{"auths": {"r.example": {"auth": "?"}}}', r"auths\[r\.example\]\.auth is not base64 of USER:PASSWORD"),
        (b'{"auths": {"r.example": {"auth": "/w=="}}}', r"auths\[r\.example\]\.auth is not base64 of USER:PASSWORD"),
        (b'{"credsStore": "../evil"}', "'../evil' is not the name of a credential helper"),
        (b'{"credHelpers": {"r.example": "a b"}}', "'a b' is not the name of a credential helper"),
    ],
)  # fmt: skip
def test_file_that_cannot_be_used(text: bytes, why: str) -> None:
    with pytest.raises(InputError, match=f"^config.json: {why}") as raised:
        parse_docker_config(text, "config.json", runs_helpers=True)
    assert raised.value.name == "invalid-credentials"


@pytest.fixture
def helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The helper `test`, which answers with what is in the file `answer`; `asked` has what it was asked for."""
    program = tmp_path / "docker-credential-test"
    program.write_text(
        f"#!/bin/sh\ncd {tmp_path}\n[ $1 = get ] || exit 9\ncat >> asked; echo >> asked\ncat answer; exit $(cat code)\n"
    )
    program.chmod(0o755)
    (tmp_path / "code").write_text("0")
    (tmp_path / "answer").write_text(json.dumps({"ServerURL": "x", "Username": "me", "Secret": "secret"}))
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return tmp_path


def test_helper_is_asked_once_for_each_host(helper: Path) -> None:
    found = _config({"auths": {"r.example": {}}, "credsStore": "test"}, runs_helpers=True)
    for path in ("a", "b"):
        assert found.logins("r.example:5000", path) == [Login("me", "secret")]
    found.logins("registry-1.docker.io", "library/nginx")
    assert (helper / "asked").read_text().splitlines() == ["r.example:5000", "https://index.docker.io/v1/"]


def test_helper_of_one_host(helper: Path) -> None:
    found = _config({"credHelpers": {"r.example": "test"}}, runs_helpers=True)
    assert found.logins("other.example", "a") == []
    assert not (helper / "asked").exists()
    assert found.logins("r.example", "a") == [Login("me", "secret")]


def test_helper_comes_before_entries(helper: Path) -> None:
    (helper / "answer").write_text(json.dumps({"Username": "<token>", "Secret": "refresh"}))
    config = {"auths": {"r.example": _auth("old")}, "credsStore": "test"}
    found = _config(config, runs_helpers=True).logins("r.example", "a")
    assert found == [Login("", "", "refresh"), Login("old", "secret")]


def test_helper_that_has_nothing(helper: Path) -> None:
    (helper / "answer").write_text("credentials not found in native keychain")
    (helper / "code").write_text("1")
    assert _config({"credsStore": "test"}, runs_helpers=True).logins("r.example", "a") == []


@pytest.mark.parametrize(
    ("answer", "code", "why"),
    [
        ("locked", "1", "docker-credential-test failed with exit code 1"),
        ("", "0", "docker-credential-test printed no credentials"),
        ("[]", "0", "docker-credential-test printed no credentials"),
        ('{"Username": "me"}', "0", "docker-credential-test printed no credentials"),
    ],
)
def test_helper_that_fails(helper: Path, answer: str, code: str, why: str) -> None:
    (helper / "answer").write_text(answer)
    (helper / "code").write_text(code)
    with pytest.raises(RegistryError, match=f"^{why}$"):
        _config({"credsStore": "test"}, runs_helpers=True).logins("r.example", "a")


def test_helper_that_is_not_installed() -> None:
    found = _config({"credsStore": "not-there"}, runs_helpers=True)
    with pytest.raises(RegistryError, match=r"^docker-credential-not-there is not installed$"):
        found.logins("r.example", "a")


def test_secret_of_a_pod_runs_nothing(helper: Path) -> None:
    found = _config({"credsStore": "test", "credHelpers": {"r.example": "../evil"}})
    assert found.logins("r.example", "a") == []
    assert not (helper / "asked").exists()
