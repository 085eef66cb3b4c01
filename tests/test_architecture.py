"""The house stands as it was planned: what may import what, and how large a room is."""

from __future__ import annotations

import ast
import logging.config
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports


def test_imports_point_down_and_fences_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    # It silences every logger there is, for all tests after this one.
    monkeypatch.setattr(logging.config, "dictConfig", lambda _: None)
    assert lint_imports(no_cache=True) == EXIT_STATUS_SUCCESS


def test_no_room_is_too_large() -> None:
    files = [file for root in ("webhook", "certs", "bench", "tools") for file in Path(root).rglob("*.py")]
    assert len(files) > 100
    lengths = {str(file): len(file.read_text().splitlines()) for file in files}
    assert {name: length for name, length in lengths.items() if length > 300} == {}


def test_no_room_holds_more_than_its_share() -> None:
    """A room is a folder with its own files; what stands in folders below it counts for those."""
    lines: Counter[str] = Counter()
    for root in ("webhook", "certs"):
        for file in Path(root).rglob("*.py"):
            lines[str(file.parent)] += len(file.read_text().splitlines())
    total = lines.total()
    assert {room: count for room, count in lines.items() if count > 0.15 * total} == {}


# What may write to an API server, and with which verbs.
_WRITERS = {
    "webhook/certificates/rotator.py": {"PATCH"},
    "webhook/certificates/secret.py": {"POST", "PUT"},
    "webhook/cluster/status_writer.py": {"PATCH"},
    "webhook/audit/reports/publish.py": {"PATCH", "DELETE"},
    "webhook/retrofit/rollout.py": {"PATCH"},
    "webhook/retrofit/trial.py": {"POST"},  # with dryRun=All: stores nothing
}


def test_only_these_write_to_an_api_server() -> None:
    files = {file: file.read_text() for root in ("webhook", "certs") for file in Path(root).rglob("*.py")}
    assert {str(file) for file, text in files.items() if ".call_api(" in text} == _CALLERS
    writers = {
        str(file): verbs
        for file, text in files.items()
        if re.search(r"webhook.cluster.request import", text)
        and (verbs := set(re.findall(r'"(POST|PUT|PATCH|DELETE)"', text)))
    }
    assert writers == _WRITERS
    # The methods of the client's API classes write without naming a verb.
    typed = {
        str(file) for file, text in files.items() if re.search(r"\bCustomObjectsApi\b|\w+V\d\w*Api\b", text)
    }
    assert typed == {"webhook/certificates/probe.py"}  # forwards a port of a Pod


# The only module that calls an API server itself.
_CALLERS = {"webhook/cluster/request.py"}


def test_contributing_names_every_room_in_the_order_of_imports() -> None:
    rows = re.findall(r"^\| `([\w/.]+)` \|", Path("CONTRIBUTING.md").read_text(), re.MULTILINE)
    rooms = [row.removesuffix(".py").replace("/", ".") for row in rows]
    contracts = tomllib.loads(Path("pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = (each["layers"] for each in contracts if each["type"] == "layers")
    assert rooms == [room for layer in layers for room in layer.split(" | ")]
    packages = {f"webhook.{each.parent.name}" for each in Path("webhook").glob("*/__init__.py")}
    assert packages | {"certs"} <= set(rooms)


def test_what_is_imported_is_declared_and_the_other_way_round() -> None:
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    declared = {_distribution(each) for each in project["dependencies"]}
    for_tests = {_distribution(each) for each in project["optional-dependencies"]["dev"]}
    imported = {*_imported("webhook"), *_imported("certs")}
    # uvicorn imports it, where it is there.
    assert declared == imported | {"httptools"}
    assert {*_imported("bench"), *_imported("tests"), *_imported("tools")} <= declared | for_tests


def _imported(root: str) -> Iterator[str]:
    """The distributions of what modules of this folder import."""
    distributions = packages_distributions()
    for file in Path(root).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            match node:
                case ast.Import(names=names):
                    modules = [each.name for each in names]
                case ast.ImportFrom(module=str(module), level=0):
                    modules = [module]
                case _:
                    continue
            for name in {each.partition(".")[0] for each in modules} - sys.stdlib_module_names - _OURS:
                yield from map(_distribution, distributions[name])


_OURS = {"bench", "certs", "tests", "tools", "webhook"}


def _distribution(requirement: str) -> str:
    """The name in it, as indexes compare names."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", requirement, maxsplit=1)[0]).lower()
