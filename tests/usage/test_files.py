"""Usage in files: what is written can be read, and errors have their place."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from webhook.documents.problems import InvalidInputError
from webhook.model.notice import Notice
from webhook.usage.files import FileUsage, as_json
from webhook.usage.measured import (
    ContainerOfPod,
    History,
    Measured,
    NamespaceHistory,
    NamespaceUsage,
    Peak,
    Window,
)
from webhook.workloads.workload import Ref

_WINDOW = Window(1_780_272_000.0, 1_780_273_200.5, 300.0)
_FULL = Measured(
    cpu_quantile=208,
    cpu_peak=Peak(260, 1_780_272_300.0),
    memory_peak=Peak(943_718_400_000, 1_780_272_600.0),
    cpu_limit=1000,
    memory_limit=1_073_741_824_000,
    points=4,
    first=1_780_272_000.0,
    last=1_780_273_200.5,
    oom_killed_at=1_780_272_900.25,
    throttled=0.125,
)
_SHOP = NamespaceUsage(
    namespace="shop",
    window=_WINDOW,
    containers={
        ContainerOfPod("web-0", "app"): _FULL,
        ContainerOfPod("web-0", "proxy"): Measured(points=0, first=1.0, last=2.0),
    },
    owners={"web-0": Ref("StatefulSet", "shop", "web"), "gone": Ref("Deployment", "shop", "gone")},
    notes=(Notice("usage-in-parts", "asked in 2 parts"),),
)
_NOW = NamespaceUsage(
    namespace="lab", window=_WINDOW, problems=(Notice("no-owners", "none"),), is_history=False
)
_HISTORY = NamespaceHistory(
    namespace="shop",
    window=_WINDOW,
    containers={ContainerOfPod("web-0", "app"): History(cpu=(0.1, math.nan, 0.25, 0.0), memory=(1.0, 2.0, math.nan, 4.0))},
)  # fmt: skip


def test_what_is_written_is_read(tmp_path: Path) -> None:
    file = tmp_path / "usage.jsonl"
    file.write_bytes(as_json(_SHOP) + as_json(_NOW))
    usage = FileUsage(str(file))
    assert usage.usage("shop") == _SHOP
    assert usage.usage("lab") == _NOW
    assert as_json(usage.usage("shop")) == as_json(_SHOP)


def test_people_read_it_too() -> None:
    written = json.loads(as_json(_SHOP))
    app, proxy = written["containers"]
    assert (app["cpuQuantile"], app["memoryPeak"]["value"], app["memoryLimit"]) == ("208m", "900Mi", "1Gi")
    assert proxy == {"pod": "web-0", "container": "proxy", "first": 1.0, "last": 2.0}


def test_history(tmp_path: Path) -> None:
    file = tmp_path / "usage.json"
    file.write_bytes(as_json(_SHOP, _HISTORY))
    usage = FileUsage(str(file))
    assert usage.usage("shop") == _SHOP
    history = usage.history("shop")
    assert repr(history) == repr(_HISTORY)  # NaN is not itself


def test_namespace_that_is_not_in_it_is_a_problem(tmp_path: Path) -> None:
    file = tmp_path / "usage.json"
    file.write_bytes(as_json(_SHOP))
    usage = FileUsage(str(file))
    assert [each.reason for each in usage.usage("lab").problems] == ["no-usage"]
    assert [each.reason for each in usage.history("lab").problems] == ["no-usage"]
    assert [each.reason for each in usage.history("shop").problems] == ["no-usage"]


def test_laid_out_over_lines_and_several_objects(tmp_path: Path) -> None:
    file = tmp_path / "usage.json"
    file.write_text("\n\n".join(json.dumps(json.loads(as_json(each)), indent=2) for each in (_SHOP, _NOW)))
    usage = FileUsage(str(file))
    assert [usage.usage(each) for each in ("shop", "lab")] == [_SHOP, _NOW]


def _changed(*path: str | int, value: Any = None) -> str:
    data = at = json.loads(as_json(_SHOP, _HISTORY))
    for step in path[:-1]:
        at = at[step]
    if value is None:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return json.dumps(data)


@pytest.mark.parametrize(
    ("line", "error"),
    [
        pytest.param(_changed("namespace"), ':2:1: "namespace" is required', id="no namespace"),
        pytest.param(_changed("containers", 0, "cpuQuantile", value=208), "containers[0].cpuQuantile: Expected a quantity such as `250m` or `1Gi`, got 208", id="a number"),
        pytest.param(_changed("containers", 0, "memoryPeak", "value", value="much"), "containers[0].memoryPeak.value: Expected a quantity", id="no quantity"),
        pytest.param(_changed("containers", 0, "cpuLimit", value="-1"), "containers[0].cpuLimit: Expected a quantity", id="less than 0"),
        pytest.param(_changed("containers", 1, "cpuPaek", value={}), 'containers[1]: unknown field "cpuPaek"', id="misspelled"),
        pytest.param(_changed("containers", 1, "points", value=-1), "containers[1].points: Expected `int` >= 0", id="points"),
        pytest.param(_changed("containers", 0, "throttled", value=30), "containers[0].throttled: Expected `float` <= 1", id="percent"),
        pytest.param(_changed("containers", 0, "history", "cpu", value=[1]), "containers[0].history.cpu: 1 values for a window of 4 steps", id="history"),
        pytest.param(_changed("window", "end", value=0), "window.end: the end is not after the begin", id="window"),
        pytest.param(_changed("window", "step", value=0), "window.step: Expected `float` > 0", id="step"),
        pytest.param(_changed("containers", 1, "container", value="app"), "containers[1]: container app of web-0 is there twice", id="container twice"),
        pytest.param(_changed("containers", 1, "last", value=0.5), "containers[1].last: the last is before the first", id="last"),
        pytest.param(_changed("containers", 0, "memoryPeak", "at", value=1e15), "containers[0].memoryPeak.at: 1e+15 is no time in seconds since 1970", id="milliseconds"),
        pytest.param(_changed("owners", "web-0", value={"kind": "Deployment"}), 'owners: "name" is required', id="owner"),
        pytest.param(as_json(_NOW).decode(), "namespace: namespace lab is there twice", id="twice"),
        pytest.param("[]", ":2:1: must be a mapping, but is a list", id="a list"),
    ],
)  # fmt: skip
def test_errors_have_file_line_and_field(tmp_path: Path, line: str, error: str) -> None:
    file = tmp_path / "usage.jsonl"
    file.write_text(as_json(_NOW).decode() + line)
    with pytest.raises(InvalidInputError) as raised:
        FileUsage(str(file))
    (problem,) = raised.value.problems
    assert problem.name == "invalid-usage"
    assert str(problem).startswith(f"{file}:2:")
    assert error in str(problem)


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        pytest.param("# Title\n\nSome text: [a](b)\n\n- more\n", 3, "", id="Markdown"),
        pytest.param("apiVersion: v1\nkind: Pod\n", 1, 'unknown field "apiVersion"', id="a manifest"),
        pytest.param("[]", 1, "must be a mapping, but is a list", id="a list"),
    ],
)  # fmt: skip
def test_another_file_is_named_as_one_that_is_no_usage(
    tmp_path: Path, text: str, line: int, why: str
) -> None:
    file = tmp_path / "README.md"
    file.write_text(text)
    with pytest.raises(InvalidInputError) as raised:
        FileUsage(str(file))
    (problem,) = raised.value.problems
    assert (problem.name, problem.place.line) == ("invalid-usage", line)
    assert problem.message.startswith(
        "this is no usage, which is a JSON object for each namespace, with `namespace`, `window` and `containers`: "
    )
    assert problem.message.endswith(why)


def test_all_errors_are_told(tmp_path: Path) -> None:
    file = tmp_path / "usage.jsonl"
    file.write_text('{"namespace": "a"}\n{"namespace": "b"}\n')
    with pytest.raises(InvalidInputError) as raised:
        FileUsage(str(file))
    assert [each.place.line for each in raised.value.problems] == [1, 2]


def test_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="No such file"):
        FileUsage(str(tmp_path / "usage.json"))
