"""One server after the other, asked over HTTPS as an API server asks: what it costs, how long it takes."""

from __future__ import annotations

import base64
import copy
import json
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import jsonpatch

from bench import reviews, servers
from bench.load import Load, Run, run
from tests.support.pods import Json

CONTESTANTS = ("bare", "podtailor", "lean", "typed", "naive")
# A second from an API server of a busy cluster; half of what the naive webhook can do.
RATE = 200
Runs = dict[str, list[Run]]


def measured(rounds: int, seconds: float, contestants: tuple[str, ...] = CONTESTANTS) -> dict[str, object]:
    """In each round all contestants at each size, eight callers, one contestant after the other."""
    with tempfile.TemporaryDirectory() as made:
        folder = servers.certificates(Path(made))
        bodies = {size: reviews.written(folder, size, reviews.recorded(size)) for size in reviews.SIZES}
        with servers.running(*_starts(folder, contestants)) as running:
            _check_that_they_agree(running)
            idle = {server.name: server.used().mib for server in running}
            for server in running:
                run(server, Load(bodies["typical"], seconds=1))
            closed: dict[str, Runs] = {size: {name: [] for name in contestants} for size in reviews.SIZES}
            for _ in range(rounds):
                for server in running:
                    for size, file in bodies.items():
                        closed[size][server.name].append(run(server, Load(file, seconds)))
            start_up = {server.name: server.start_up for server in running}
            return {"closed": closed, "start_up": start_up, "idle_mib": idle}


def steady(rounds: int, seconds: float) -> Runs:
    """Reviews that begin when they are due, `RATE` a second."""
    with tempfile.TemporaryDirectory() as made:
        folder = servers.certificates(Path(made))
        bodies = reviews.written(folder, "typical", reviews.recorded("typical"))
        with servers.running(*_starts(folder, CONTESTANTS)) as running:
            for server in running:
                run(server, Load(bodies, seconds=1))
            runs: Runs = {server.name: [] for server in running}
            for _ in range(rounds):
                for server in running:
                    runs[server.name].append(run(server, Load(bodies, seconds, rate=RATE)))
            return runs


def repeated(rounds: int, seconds: float) -> dict[str, Runs]:
    """Typical reviews that are all different, and those of the workloads of a cluster, eight callers."""
    with tempfile.TemporaryDirectory() as made:
        folder = servers.certificates(Path(made))
        typical = reviews.recorded("typical")
        bodies = {
            "different": reviews.written(folder, "different", typical),
            "workloads": reviews.written(folder, "workloads", typical, reviews.of_workloads),
        }
        contestants = ("bare", "podtailor", "typed")
        with servers.running(*_starts(folder, contestants)) as running:
            runs: dict[str, Runs] = {kind: {name: [] for name in contestants} for kind in bodies}
            for server in running:
                run(server, Load(bodies["workloads"], seconds=1))
            for _ in range(rounds):
                for server in running:
                    for kind, file in bodies.items():
                        runs[kind][server.name].append(run(server, Load(file, seconds)))
            return runs


def resident(count: int) -> dict[str, float]:
    """MiB of podtailor with its built-ins, before and after so many reviews."""
    with tempfile.TemporaryDirectory() as made:
        folder = servers.certificates(Path(made))
        bodies = reviews.written(folder, "typical", reviews.recorded("typical"))
        with servers.running(partial(servers.podtailor, folder)) as (server,):
            before = server.used().mib
            run(server, Load(bodies, seconds=3600, count=count))
            return {"reviews": count, "before": before, "after": server.used().mib}


def _starts(folder: Path, contestants: tuple[str, ...]) -> list[Callable[[], servers.Server]]:
    return [partial(getattr(servers, name), folder) for name in contestants]


def _check_that_they_agree(running: list[servers.Server]) -> None:
    """Raises AssertionError where two that read the Pod make another one of it."""
    for size in reviews.SIZES:
        review = reviews.made(reviews.recorded(size))
        become = {
            server.name: _spec(review, server.ask(json.dumps(review).encode()))
            for server in running
            if server.name not in ("bare", "lean")
        }
        assert all(spec == become["podtailor"] for spec in become.values()), (size, become)


def _spec(review: Json, answer: Json) -> Json:
    patch = json.loads(base64.b64decode(answer["patch"]))
    pod = jsonpatch.apply_patch(copy.deepcopy(review["request"]["object"]), patch)
    spec: Json = pod["spec"]
    return spec
