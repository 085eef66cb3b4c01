"""The house stands as it was planned: what may import what, and how large a room is."""

from __future__ import annotations

import ast
import logging.config
import re
import sys
import tomllib
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
    files = [file for root in ("webhook", "certs", "bench") for file in Path(root).rglob("*.py")]
    assert len(files) > 100
    lengths = {str(file): len(file.read_text().splitlines()) for file in files}
    assert {name: length for name, length in lengths.items() if length > 300} == {}


def test_what_is_imported_is_declared_and_the_other_way_round() -> None:
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    declared = {_distribution(each) for each in project["dependencies"]}
    for_tests = {_distribution(each) for each in project["optional-dependencies"]["dev"]}
    imported = {*_imported("webhook"), *_imported("certs")}
    # uvicorn imports it, where it is there.
    assert declared == imported | {"httptools"}
    assert {*_imported("bench"), *_imported("tests")} <= declared | for_tests


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


_OURS = {"bench", "certs", "tests", "webhook"}


def _distribution(requirement: str) -> str:
    """The name in it, as indexes compare names."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", requirement, maxsplit=1)[0]).lower()
