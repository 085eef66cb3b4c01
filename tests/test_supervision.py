"""Background threads: a failure is logged and counted, and the work starts again."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import pytest
from prometheus_client import generate_latest

from certs.files import TLS_CERT, TLS_KEY, issue_to
from certs.inspect import read_certificates
from tests.cluster.fake_api import fake_api
from tests.support.processes import eventually
from webhook import supervision
from webhook.certificates.loop import RotationLoop
from webhook.cluster.event_writer import EventWriter
from webhook.cluster.match_writer import MatchWriter
from webhook.cluster.pager import Meta, Object, Resource
from webhook.cluster.policy_objects import PolicyObject
from webhook.cluster.policy_status import PolicyStatuses
from webhook.cluster.reflector import Reflector
from webhook.cluster.snapshots import SnapshotSource
from webhook.cluster.status_writer import StatusWriter, status_path
from webhook.engine.snapshot import Snapshot
from webhook.model.denial import Denial, ObjectReference
from webhook.model.text import truncate
from webhook.policies import policy_kinds, watch
from webhook.policies.load import load
from webhook.policies.watch import PolicyFiles
from webhook.server import tls
from webhook.server.metrics import Metrics
from webhook.server.tls import Tls
from webhook.supervision import Worker

T = TypeVar("T")
POLICY = "apiVersion: podtailor.dev/v1alpha1\nkind: ClusterWorkloadPolicy\nmetadata: {name: %s}\nspec: {}\n"


@pytest.fixture(autouse=True)
def without_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "_FIRST_PAUSE", 0.01)
    monkeypatch.setattr("webhook.cluster.status_writer._LONGEST_WAIT", 0.01)


def failing_once(real: Callable[..., T]) -> Callable[..., T]:
    failed = threading.Event()

    def replaced(*args: Any, **options: Any) -> T:
        if not failed.is_set():
            failed.set()
            raise RuntimeError("killed by a test")
        return real(*args, **options)

    return replaced


# Each begins the work, lets it fail once, and gives the question whether it works again.
At_work = Callable[[], bool]


@contextmanager
def reflector(_: Path, __: pytest.MonkeyPatch) -> Iterator[At_work]:
    def read(found: Object) -> str:
        return found.metadata.name

    with fake_api() as (fake, api):
        fake.every_list = {"metadata": {"resourceVersion": "1"}, "items": [{"metadata": {"name": "a"}}]}
        worker = Reflector(api, Resource("things", "/api/v1/things", failing_once(read)), lambda: None)
        with running(worker):
            yield lambda: worker.items() == {"/a": "a"}
            fake.end()


@contextmanager
def policy_files(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[At_work]:
    file = folder / "policies.yaml"
    file.write_text(POLICY % "one")
    worker = PolicyFiles([str(file)], lambda: None)
    patch.setattr(watch, "load", failing_once(load))
    with running(worker):
        file.write_text(POLICY % "other")
        yield lambda: [policy.name for policy in worker.policies] == ["other"]


@contextmanager
def snapshots(_: Path, __: pytest.MonkeyPatch) -> Iterator[At_work]:
    taken = threading.Event()
    source = SnapshotSource(Snapshot(), (), [], None)
    source.start(failing_once(lambda _: taken.set()))
    yield taken.is_set
    source.stop()


@contextmanager
def status_writer(_: Path, patch: pytest.MonkeyPatch) -> Iterator[At_work]:
    patch.setattr("webhook.cluster.status_writer.truncate", failing_once(truncate))
    metadata = Meta(name="a", uid="a", generation=2, resourceVersion="7")
    with fake_api() as (fake, api):
        fake.respond({})
        worker = StatusWriter(api)
        with running(worker):
            (policy_status,) = PolicyStatuses().replace_all(
                [PolicyObject(policy_kinds.KINDS[0], metadata, b"{}", None)]
            )
            worker.enqueue({"a": policy_status})
            yield lambda: bool(fake.requests)
            fake.end()


@contextmanager
def events(_: Path, patch: pytest.MonkeyPatch) -> Iterator[At_work]:
    patch.setattr("webhook.cluster.event_writer.quote", failing_once(quote))
    with fake_api() as (fake, api):
        fake.respond({})
        worker = EventWriter(api)
        with running(worker):
            worker.report_denial(Denial(ObjectReference("v1", "Pod", "web", "shop"), ("p",), "too large"))
            yield lambda: bool(fake.requests)
            fake.end()


@contextmanager
def matches(_: Path, patch: pytest.MonkeyPatch) -> Iterator[At_work]:
    patch.setattr("webhook.cluster.match_writer._ROUND_SECONDS", 0.01)
    patch.setattr("webhook.cluster.match_writer.status_path", failing_once(status_path))
    patch.setattr(MatchWriter, "_list_replicas", lambda *_: None)
    with fake_api() as (fake, api):
        fake.respond({})
        worker = MatchWriter(api, {"a": 1})
        with running(worker):
            (policy_status,) = PolicyStatuses().replace_all(
                [PolicyObject(policy_kinds.KINDS[0], Meta(name="a", uid="a"), b"{}", None)]
            )
            worker.report_policies({"a": policy_status})
            yield lambda: bool(fake.requests)
            fake.end()


@contextmanager
def certificates(_: Path, __: pytest.MonkeyPatch) -> Iterator[At_work]:
    rounds = threading.Event()

    class CertRotator:
        reconcile = staticmethod(failing_once(lambda _: rounds.set()))

    with running(RotationLoop(CertRotator(), timedelta(minutes=1))):  # type: ignore[arg-type]
        yield rounds.is_set


@contextmanager
def certificate_files(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[At_work]:
    issue_to(folder, ["localhost"], datetime.now(UTC), timedelta(hours=1))
    watched = Tls(folder / TLS_CERT, folder / TLS_KEY, None, Metrics())
    first = watched.newest
    patch.setattr(tls, "read_certificates", failing_once(read_certificates))

    with running(watched):
        issue_to(folder, ["localhost"], datetime.now(UTC), timedelta(hours=2))
        yield lambda: watched.newest is not first


@contextmanager
def running(worker: Worker) -> Iterator[None]:
    worker.start()
    try:
        yield
    finally:
        worker.stop()


ALL = [
    (reflector, "reflector-things"),
    (policy_files, "policy-files"),
    (snapshots, "snapshots"),
    (status_writer, "status"),
    (events, "events"),
    (matches, "matches"),
    (certificates, "certificates"),
    (certificate_files, "certificate-files"),
]


@pytest.mark.parametrize(("begun", "name"), ALL, ids=[name for _, name in ALL])
def test_one_that_fails_is_logged_and_works_again(
    begun: Callable[[Path, pytest.MonkeyPatch], Any],
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = supervision.restarts().get(name, 0)
    with ExitStack() as stack:
        is_at_work = stack.enter_context(begun(tmp_path, monkeypatch))
        eventually(f"{name} works again", is_at_work)
    failures = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert [(vars(each)["worker"], vars(each)["reason"]) for each in failures] == [
        (name, "RuntimeError('killed by a test')")
    ]
    assert failures[0].exc_info, "with its trace"
    assert supervision.restarts()[name] == before + 1
    exposed = generate_latest(Metrics().registry).decode()
    assert f'podtailor_worker_restarts_total{{worker="{name}"}} {before + 1.0}' in exposed


def test_no_thread_begins_without_a_supervisor() -> None:
    """A new one belongs into the table above."""
    files = [file for room in ("webhook", "certs") for file in Path(room).rglob("*.py")]
    found = [str(file) for file in files if re.search(r"\bThread\b", file.read_text())]
    # A completion waits for its thread no longer than its deadline, and the process ends then. A question for
    # usage ends with its answer, whose failure is raised where it was asked.
    assert sorted(found) == [
        "webhook/completion/names.py",
        "webhook/supervision.py",
        "webhook/usage/prometheus/asking.py",
    ]
    workers = [file for file in files if re.search(r"(supervision|file_watch) import", file.read_text())]
    assert len(workers) == len(ALL) + 2, "and the file watcher, and the metrics, which count"


def test_trace_of_one_failure_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    failures = iter([RuntimeError("one"), RuntimeError("one"), RuntimeError("other"), None])

    def fails() -> None:
        if failure := next(failures):
            raise failure

    worker = Worker("failing", fails)
    worker.start()
    worker.join(10)
    assert not worker.is_alive()
    assert [bool(record.exc_info) for record in caplog.records] == [True, False, True]


def test_stopped_between_two_attempts_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "_FIRST_PAUSE", 600.0)
    begun = threading.Event()

    def fails() -> None:
        begun.set()
        raise RuntimeError

    worker = Worker("stopped", fails)
    worker.start()
    assert begun.wait(10)
    worker.stop()
    worker.join(10)
    assert not worker.is_alive()
