"""The same environment for every test, and for every process that a test starts."""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
from collections.abc import Generator, MutableMapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.examples import at_most

# How long and how large the long tests are, and on which Kubernetes; every other variable of this prefix is a flag
# of the command line.
_OF_TESTS = ("E2E", "SCALE", "SOAK", "ABUSE", "ROLLOUT", "PICTURE", "K8S", "EXAMPLES")
_PREFIX = "PODTAILOR_"
# What decides how a terminal is written to, and which cluster is looked at.
_STRIPPED = {
    *("CLICOLOR", "CLICOLOR_FORCE", "COLORTERM", "COLUMNS", "FORCE_COLOR", "LINES", "NO_COLOR", "PY_COLORS"),
    *("TTY_COMPATIBLE", "TTY_INTERACTIVE", "TERM", "TERMINAL_WIDTH", "_TYPER_FORCE_DISABLE_TERMINAL"),
    *("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"),
}
_LOOPBACK = "localhost,127.0.0.1,::1"


def clean(environment: MutableMapping[str, str]) -> None:
    """Leave nothing in it that changes what a test sees.

    A zone and a locale stay: podtailor says the same in all of them. So do proxies, which the first run needs to
    build a control plane; what the tests start is on loopback.
    """
    for name in [*environment]:
        is_flag = name.startswith(_PREFIX) and not name.removeprefix(_PREFIX).startswith(_OF_TESTS)
        if is_flag or name in _STRIPPED:
            del environment[name]
    for name in ("NO_PROXY", "no_proxy"):
        environment[name] = ",".join(filter(None, (environment.get(name), _LOOPBACK)))


# Before any test module is imported, and any fixture of a session starts a process.
clean(os.environ)
# What pytest's debugger imports sets these beside os.environ, and processes that tests start would have them.
with contextlib.suppress(ImportError):
    importlib.import_module("readline")
for each in ("COLUMNS", "LINES"):
    os.unsetenv(each)
# Files are named from here, in tests and in the commands of the docs; pytest may be started anywhere.
os.chdir(Path(__file__).parents[1])

# How long an example takes, and how many are too large, says more of the machine than of the code.
settings.register_profile(
    "podtailor", deadline=None, suppress_health_check=list(HealthCheck), max_examples=at_most(100)
)
settings.load_profile("podtailor")


# Each of their tests is end-to-end, or takes minutes.
_NO_UNIT_TESTS = {"browser", "e2e", "image", "pipelines", "soak"}


def pytest_xdist_auto_num_workers() -> int | None:
    """One more than there are processors: much of what tests do is waiting for processes that they start."""
    return None if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ else (os.cpu_count() or 1) + 1


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Import nothing of what is not run: a browser's library alone takes as long as all unit tests of a room."""
    is_left_out = (
        "not e2e" in config.getoption("markexpr") and collection_path.parent == Path(__file__).parent
    )
    return (is_left_out and collection_path.name in _NO_UNIT_TESTS) or None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Without looking for garbage, then or later, among what stays until the end: modules and tests."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what cannot be asked here."""
    if left_out := [item for item in items if not all(mark.args[0] for mark in item.iter_markers("only_if"))]:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def _empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(autouse=True)
def _no_home(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, _empty_home: Path) -> None:
    """No kubeconfig of the user's is found; those that need a control plane keep their cache at home."""
    if not any(request.node.get_closest_marker(name) for name in ("e2e", "soak")):
        monkeypatch.setenv("HOME", str(_empty_home))
