"""One load on one server: how long answers took, and what they cost the server."""

from __future__ import annotations

import json
import statistics
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct

from bench.programs import program
from bench.servers import Server

_PATCHED = '"patch":"'


class Run(NamedTuple):
    """Times in milliseconds, counted from when a request was due."""

    rate: float
    """Answers a second."""
    cpu_us: float
    """Of the server, microseconds an answer."""
    p50: float
    p99: float
    p999: float


class Load(Struct, frozen=True):
    """What is asked, where and how often."""

    bodies: Path
    seconds: float = 2
    concurrency: int = 8
    rate: float = 0
    """Requests a second, begun when they are due; 0: each caller waits for its answer."""
    count: int = 0
    """Ends sooner after this many; 0: does not."""


def run(server: Server, load: Load) -> Run:
    """Raises AssertionError where an answer is not 200, or has no patch; the bare server makes none."""
    look = "" if server.name == "bare" else _PATCHED
    before = server.used().cpu
    try:
        micros, seconds = asked(server.url, load, ["-ca", str(server.ca)], 200, look)
    except AssertionError as error:
        raise AssertionError(f"{server.name}: {error}") from error
    cpu = server.used().cpu - before
    return of(micros, seconds, cpu)


def asked(url: str, load: Load, flags: list[str], status: int, look: str) -> tuple[list[int], float]:
    """The time of each answer in microseconds, sorted, and seconds altogether."""
    command = [str(program("load")), f"-url={url}", f"-bodies={load.bodies}", f"-look={look}", *flags]
    command += [f"-concurrency={load.concurrency}", f"-rate={load.rate:g}"]
    command += [f"-seconds={load.seconds:g}", f"-count={load.count}"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    said = json.loads(done.stdout)
    micros = sorted(said["micros"])
    assert said["statuses"] == {str(status): len(micros)}, said["statuses"]
    assert not look or said["found"] == len(micros), f"{said['found']} of {len(micros)} answers hold {look}"
    return micros, said["seconds"]


def of(micros: list[int], seconds: float, cpu: float) -> Run:
    count = len(micros)
    p50, p99, p999 = (micros[min(count - 1, int(part * count))] / 1000 for part in (0.5, 0.99, 0.999))
    return Run(count / seconds, cpu / count * 1e6, p50, p99, p999)


def median(runs: Iterable[Run]) -> Run:
    """Of each figure by itself."""
    return Run(*(statistics.median(figures) for figures in zip(*runs, strict=True)))
