"""For which containers sizes are."""

from __future__ import annotations

import json
import shlex

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from tests.resize.pods import facts, manifest, read, running, sizes
from tests.support.examples import examples
from tests.support.pods import Json
from webhook.cli.resize import command, wanted
from webhook.errors import InputError, UsageError
from webhook.model.pod_resources import SIDES
from webhook.model.quantity import Quantity, exactly, parse
from webhook.resize.facts import Allowed, Wanted, sizes_of
from webhook.resize.owners import Owner, read_owner
from webhook.resize.plan import plan as plan_of
from webhook.resize.plan import sized
from webhook.resize.pod import Field, Pod
from webhook.resize.words import Given, commands, commands_back
from webhook.workloads.workload import Ref

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
    asked = {"": sizes(cpu="1")}
    found = wanted.for_containers(_owner(), [running(spec)], names, asked)
    assert found == dict.fromkeys(expected, sizes(cpu="1"))


def test_containers_that_sizes_name() -> None:
    pods = [running(_SEVERAL)]
    named = wanted.of_flags(["app=1", "logs=2:="], ["app=:2Gi"])
    assert wanted.for_containers(_owner(), pods, [], named) == {
        "app": sizes("1", ":2Gi"),
        "logs": sizes("2:="),
    }
    mixed = wanted.of_flags(["app=1", "3"], ["2Gi"])
    assert wanted.for_containers(_owner(), pods, ["app", "logs"], mixed) == {
        "app": sizes("1", "2Gi"),
        "logs": sizes("3", "2Gi"),
    }
    with pytest.raises(UsageError, match=r"has no container log$"):
        wanted.for_containers(_owner(), pods, [], wanted.of_flags(["log=1"], []))
    with pytest.raises(UsageError, match=r"^-c is for sizes that name no container$"):
        wanted.for_containers(_owner(), pods, ["app"], named)


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
        wanted.for_containers(_owner(), [running(spec)], names, {"": sizes(cpu="1")})
    assert raised.value.hint == hint


def test_flags() -> None:
    assert wanted.of_flags([], []) == {}
    assert wanted.of_flags(["1:2"], []) == {"": sizes(cpu="1:2")}
    assert wanted.of_flags(["1:="], ["=", "app==", "logs=:="]) == {
        "": sizes("1:=", "="),
        "app": sizes(memory="="),
        "logs": sizes(memory=":="),
    }


@pytest.mark.parametrize(
    ("cpu", "memory", "message"),
    [
        pytest.param(["1"], ["much"], "--memory 'much' is no size; write ", id="a word"),
        pytest.param(["app="], [], "--cpu is empty; write ", id="a name alone"),
        pytest.param(["App=1"], [], "--cpu 'App=1' is no size; write ", id="what is no name"),
        pytest.param(["1", "2"], [], "--cpu is given twice$", id="two sizes"),
        pytest.param([], ["app=1", "app=2"], "--memory is given twice for app$", id="two of a container"),
    ],
)
def test_wrong_flags(cpu: list[str], memory: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=f"^{message}"):
        wanted.of_flags(cpu, memory)


_CPU = st.sampled_from(["0", "100u", "1m", "100m", "0.3", "1", "2", "1e1"])
_MEMORY = st.sampled_from(["0", "1500m", "1", "128974848000m", "64Mi", "100M", "1Gi", "1e9"])


@st.composite
def _resources(draw: st.DrawFn) -> Json:
    amounts = st.fixed_dictionaries({}, optional={"cpu": _CPU, "memory": _MEMORY})
    requests, limits = draw(amounts), draw(amounts)
    return {"requests": {**limits, **requests}, "limits": limits}  # as the API server stores them


@examples(50)
@given(
    st.lists(_resources(), min_size=1, max_size=3),
    st.lists(st.tuples(_CPU, _CPU, _MEMORY, _MEMORY), min_size=3, max_size=3),
    st.lists(_resources(), max_size=3),
)
def test_commands_that_are_printed_can_be_typed(
    present: list[Json], asked: list[tuple[str, ...]], others: list[Json]
) -> None:
    """And give the values that they are to give, to each container, with one command a Pod."""
    pods = [_made("a", present), *([_made("b", others)] if others else [])]
    names = ("app", "logs", "proxy")
    fields = [(side, resource) for resource in ("cpu", "memory") for side in SIDES]
    wanted_of = sizes_of(
        {
            Field(name, side, resource): value
            for name, texts in zip(names, asked, strict=True)
            for (side, resource), text in zip(fields, texts, strict=True)
            if (value := parse(text))
        }
    )
    plan = plan_of(pods, wanted_of, facts(), Allowed())
    ref = Ref("Deployment", "shop", "web")
    for lines, values in (
        (commands(ref, plan, Given()), {each.pod.name: each.asked for each in plan.pods}),
        (commands_back(ref, plan, plan.pods, Given()), {each.pod.name: each.before for each in plan.pods}),
    ):
        given_by = {}
        for line in lines:
            (target,), found = _typed(line)
            about = [each for each in plan.pods if target in ("deployment/web", f"pod/{each.pod.name}")]
            assert about
            for each in about:
                assert each.pod.name not in given_by
                given_by[each.pod.name] = sized(
                    each.pod, wanted.for_containers(_owner(), [each.pod], *found)
                ).asked
        for name, expected in values.items():
            assert {field: _bytes(field, value) for field, value in given_by.get(name, {}).items()} == {
                field: _bytes(field, value) for field, value in expected.items()
            }


def _made(name: str, resources: list[Json]) -> Pod:
    metadata = f"{{name: {name}, namespace: shop}}"
    made = manifest(metadata=metadata, container="{}")
    names = ("app", "logs", "proxy")
    made["spec"]["containers"] = [
        {"name": each, "image": "i", "resources": found}
        for each, found in zip(names, resources, strict=False)
    ]
    return read(made)


def _typed(line: str) -> tuple[list[str], tuple[list[str], Wanted]]:
    """Targets; names of containers and sizes, as the command line reads them."""
    begin, verb, *words = shlex.split(line)
    assert (begin, verb) == ("podtailor", "resize")
    app = typer.Typer()
    app.command()(command.resize)
    params = typer.main.get_command(app).make_context(verb, words).params
    asked = wanted.of_flags(params["cpu"] or [], params["memory"] or [])
    return params["objects"], (params["container"] or [], asked)


def _bytes(field: Field, value: Quantity) -> int:
    """Kubelets round fractions of a byte up."""
    return exactly(value.milli, field.resource, up=True).milli


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
    with pytest.raises(UsageError, match=r"^f: has sizes for container logs, which deployment/web lacks$"):
        wanted.of_file(owner, [running()], found, "f", [])


def test_what_a_new_pod_has_not() -> None:
    made = running(container="resources: {requests: {cpu: 100m, memory: 128Mi}, limits: {memory: 256Mi}}")
    (note,) = wanted.surplus(made, [running(), running()], [])
    assert str(note) == "stays: app: a new Pod has no cpu limit, and it cannot be removed from Pods that run"
    assert list(wanted.surplus(made, [running()], ["other"])) == []
    assert list(wanted.surplus(running(), [made], [])) == []
