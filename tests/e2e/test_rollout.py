"""Replicas are replaced one by one while Pods come, and none of them is missed.

Without a shutdown delay some are (six of 670): callers hear late of who has gone. `make soak` for two minutes.
"""

from __future__ import annotations

import itertools
import os
import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Self

import pytest

from certs.files import CA_CERT, TLS_CERT, TLS_KEY
from tests.e2e.balancer import Balancer
from tests.e2e.client import Client
from tests.e2e.conftest import FAILURES
from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.webhook import Webhook
from tests.support.pods import Json, pod
from tests.support.processes import eventually
from webhook.model.names import APPLIED

SECONDS = float(os.environ.get("PODTAILOR_ROLLOUT_SECONDS", "8"))
PODS_A_SECOND, AT_ONCE = 50, 10
REPLICAS = 3


# Nobody looks after it once it is there: what counts is how it comes.
POD = pod("schedulerName: nobody")


class Traffic:
    """Pods that somebody creates, at a rate that does not depend on how long each takes.

    They come ten at once, as a controller sends them: so the API server holds many connections to us, and has
    to make them anew whenever a replica goes.
    """

    def __init__(self, client: Client, namespace: str) -> None:
        self._client, self._namespace = client, namespace
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._created: list[Future[None]] = []
        self.seen: Counter[str] = Counter()
        self.slowest = 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()
        for each in self._created:
            each.result()  # whatever the API server refused is told

    def _run(self) -> None:
        started = time.monotonic()
        with ThreadPoolExecutor(2 * AT_ONCE) as pool:
            for first in itertools.count(step=AT_ONCE):
                if self._stopped.wait(max(0.0, started + first / PODS_A_SECOND - time.monotonic())):
                    return
                for number in range(first, first + AT_ONCE):
                    self._created.append(pool.submit(self._create, number))

    def _create(self, number: int) -> None:
        asked = time.monotonic()
        created = self._client.create(self._namespace, {**POD, "metadata": {"name": f"p-{number}"}})
        self.slowest = max(self.slowest, time.monotonic() - asked)
        self.seen["tailored" if is_marked(created) else "missed"] += 1


def is_marked(pod: Json) -> bool:
    return APPLIED in (pod["metadata"].get("annotations") or {})


@pytest.fixture(scope="module")
def balancer(
    cluster: ControlPlane, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Balancer, Path]]:
    folder = tmp_path_factory.mktemp("rollout")
    with Balancer() as made:
        yield made, folder
    cluster.kubectl("delete", "mutatingwebhookconfiguration", "podtailor", "--ignore-not-found")


class Replicas:
    """As many as a Deployment wants, replaced as it would: a new one is ready before an old one ends."""

    def __init__(self, cluster: ControlPlane, balancer: Balancer, folder: Path) -> None:
        self._cluster, self._balancer, self._folder = cluster, balancer, folder
        self._count = 0
        self.running: list[Webhook] = []
        self._gone: list[Webhook] = []

    def start(self) -> Webhook:
        folder = self._folder / str(self._count)
        folder.mkdir()
        if self._count:
            for name in (CA_CERT, TLS_CERT, TLS_KEY):
                shutil.copy(self._folder / "0" / name, folder / name)
        self._count += 1
        replica = Webhook(self._cluster, folder, shutdown_delay=2)
        self.running.append(replica)
        self._balancer.add(replica)
        return replica

    def replace(self) -> None:
        self.start()
        old = self.running.pop(0)
        self._gone.append(old)  # who calls hears of it from the probes alone, and late
        assert old.stop() == 0

    def stop(self) -> None:
        for replica in self.running:
            replica.stop()
        for replica in (*self.running, *self._gone):
            self._balancer.remove(replica)


def test_no_pod_is_missed_while_replicas_are_replaced(
    cluster: ControlPlane, client: Client, balancer: tuple[Balancer, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    front, folder = balancer
    replicas = Replicas(cluster, front, folder)
    try:
        for _ in range(REPLICAS):
            replicas.start()
        replicas.running[0].register_at(front.port)
        namespace = cluster.create_namespace("rolling")
        eventually("the API server calls", lambda: is_marked(client.create(namespace, POD, dry_run=True)))
        before = cluster.metric(*FAILURES)
        ends = time.monotonic() + SECONDS
        replaced = 0
        with Traffic(client, namespace) as traffic:
            while time.monotonic() < ends or replaced < REPLICAS:
                replicas.replace()
                replaced += 1
        failed = cluster.metric(*FAILURES) - before
    finally:
        replicas.stop()
    with capsys.disabled():
        print(
            f"\n{replaced} replicas replaced: {json_of(traffic)}, the slowest in {traffic.slowest:.2f} s, "
            f"{failed:.0f} calls failed"
        )
    assert traffic.seen["missed"] == 0
    assert failed == 0
    assert traffic.seen["tailored"] > PODS_A_SECOND * SECONDS / 2


def json_of(traffic: Traffic) -> str:
    return ", ".join(f"{count} Pods {what}" for what, count in sorted(traffic.seen.items()))
