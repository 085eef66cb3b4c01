"""For which containers sizes are."""

from __future__ import annotations

import json

import pytest

from tests.resize.pods import running, sizes
from webhook.cli.resize import wanted
from webhook.errors import InputError, UsageError
from webhook.resize.owners import Owner, read_owner

_RAW = {"kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"}, "spec": {}}
_SIDECAR = "initContainers: [{name: proxy, image: p, restartPolicy: Always}]"
_SEVERAL = "containers: [{name: app, image: a}, {name: logs, image: l}]"


def _owner() -> Owner:
    return read_owner("Deployment", json.dumps(_RAW).encode())


@pytest.mark.parametrize(
    ("spec", "names", "expected"),
    [
        pytest.param("", [], ["app"], id="the only one"),
        pytest.param(_SIDECAR, [], ["app"], id="not its sidecar"),
        pytest.param(_SIDECAR, ["proxy"], ["proxy"], id="its sidecar by name"),
        pytest.param(_SEVERAL, ["logs", "app"], ["logs", "app"], id="several by name"),
    ],
)
def test_containers(spec: str, names: list[str], expected: list[str]) -> None:
    asked = sizes(cpu="1")
    assert wanted.for_containers(_owner(), [running(spec)], names, asked) == dict.fromkeys(expected, asked)


@pytest.mark.parametrize(
    ("spec", "names", "message", "hint"),
    [
        pytest.param(
            _SEVERAL, [], "has several containers: say which with -c", "it has app, logs", id="which"
        ),
        pytest.param(_SIDECAR, ["x"], "has no container x", "it has app, proxy", id="another"),
    ],
)
def test_wrong_containers(spec: str, names: list[str], message: str, hint: str) -> None:
    with pytest.raises(UsageError, match=message) as raised:
        wanted.for_containers(_owner(), [running(spec)], names, sizes(cpu="1"))
    assert raised.value.hint == hint


def test_flags() -> None:
    assert wanted.of_flags("", "") == {}
    assert wanted.of_flags("1:2", "") == sizes(cpu="1:2")
    assert wanted.of_flags("1", ":2Gi") == sizes("1", ":2Gi")
    with pytest.raises(UsageError, match=r"^--memory 'much' is no size; write "):
        wanted.of_flags("1", "much")


def test_file() -> None:
    owner = _owner()
    found = {owner.ref: {"app": sizes("1"), "logs": sizes("2")}}
    pods = [running(_SEVERAL)]
    assert wanted.of_file(owner, pods, found, "f", []) == found[owner.ref]
    assert wanted.of_file(owner, pods, found, "f", ["logs"]) == {"logs": sizes("2")}
    with pytest.raises(InputError, match="f: has no size for Deployment shop/web"):
        wanted.of_file(owner, pods, {}, "f", [])
    with pytest.raises(InputError, match="f: has no size for container log of Deployment shop/web"):
        wanted.of_file(owner, pods, found, "f", ["log"])
    with pytest.raises(UsageError, match="deployment/web has no container logs"):
        wanted.of_file(owner, [running()], found, "f", [])


def test_what_a_new_pod_has_not() -> None:
    made = running(container="resources: {requests: {cpu: 100m, memory: 128Mi}, limits: {memory: 256Mi}}")
    (note,) = wanted.surplus(made, [running(), running()], [])
    assert str(note) == "stays: app: a new Pod has no cpu limit, and it cannot be removed from Pods that run"
    assert list(wanted.surplus(made, [running()], ["other"])) == []
    assert list(wanted.surplus(running(), [made], [])) == []
