"""One server after the other, asked over HTTPS as an API server asks: what it costs, how long it takes."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench import reviews, servers
from bench.load import PATCHED, Load, Run, run

CONTESTANTS = ("bare", "podtailor", "typed", "naive")
# A second from an API server of a busy cluster; half of what the naive webhook can do.
RATE = 200
Runs = dict[str, list[Run]]


def measured(rounds: int, seconds: float, contestants: tuple[str, ...] = CONTESTANTS) -> dict[str, object]:
    """Interleaved rounds of each size: closed loop (8 callers), then open loop at `RATE`."""
    with tempfile.TemporaryDirectory() as made:
        folder = servers.certificates(Path(made))
        bodies = {size: reviews.written(folder, size, reviews.recorded(size)) for size in reviews.SIZES}
        start = {name: getattr(servers, name) for name in contestants}
        running = {name: start[name](folder) for name in contestants}
        with servers.running(*running.values()):
            idle = {name: server.used().mib for name, server in running.items()}
            for server in running.values():
                run(server, Load(bodies["typical"], seconds=1), _look(server))
            closed, opened = (
                {size: {name: list[Run]() for name in contestants} for size in reviews.SIZES}
                for _ in range(2)
            )
            for size in reviews.SIZES:
                for _ in range(rounds):
                    for name, server in running.items():
                        closed[size][name].append(run(server, Load(bodies[size], seconds), _look(server)))
            for _ in range(rounds):
                for name, server in running.items():
                    asked = Load(bodies["typical"], 2 * seconds, rate=RATE)
                    opened["typical"][name].append(run(server, asked, _look(server)))
            return {
                "closed": closed,
                "open": {"typical": opened["typical"]},
                "start_up": {name: server.start_up for name, server in running.items()},
                "idle_mib": idle,
            }


def resident(count: int) -> dict[str, float]:
    """MiB of podtailor with its built-ins, before and after so many reviews."""
    with tempfile.TemporaryDirectory() as made:
        folder = servers.certificates(Path(made))
        bodies = reviews.written(folder, "typical", reviews.recorded("typical"), 10_000)
        with servers.running(servers.podtailor(folder)) as (server,):
            before = server.used().mib
            run(server, Load(bodies, seconds=3600, count=count))
            return {"reviews": count, "before": before, "after": server.used().mib}


def _look(server: servers.Server) -> str:
    return "" if server.name == "bare" else PATCHED
