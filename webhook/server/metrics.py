"""Prometheus metrics. No label comes from a Pod's name, an image or a text of a tenant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from webhook import __version__
from webhook.edits import EDITS, field_name
from webhook.engine.evaluate import Decision
from webhook.model.draft import Change
from webhook.model.names import Mode
from webhook.model.policy import Origin
from webhook.policies.merge import Update
from webhook.server.log import ReviewLine
from webhook.supervision import restarts

# From a fast review (0.5 ms) to past the shipped `timeoutSeconds` of 2 s.
_FIELDS = frozenset(field_name(field) for edit in EDITS for field in edit.fields)
_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.025, 0.1, 0.5, 1, 2.5)
RESULTS = (
    "patched",
    "unchanged",
    "left-alone",
    "denied",
    "unreadable",
    "bad-request",
    "not-ready",
    "overloaded",
    "error",
)


class Metrics:
    """The metrics of one server, in a registry of their own.

    `flush` adds reviews to the registry: counting many at once costs little more than counting one.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)  # memory, CPU time, open files
        self.registry.register(
            _Counts(
                "podtailor_worker_restarts",
                "How often background work failed and was restarted.",
                "worker",
                restarts,
            )
        )
        self._requests = Counter(
            "podtailor_admission_requests",
            "Admission reviews by result; dry_run as in the request.",
            ["result", "dry_run"],
            registry=self.registry,
        )
        self._duration = Histogram(
            "podtailor_admission_review_duration_seconds",
            "Time from the complete body to the encoded answer.",
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._mutations = Counter(
            "podtailor_mutations",
            "Fields that were set (mode enforce) or would be set (mode audit), without dry runs.",
            ["policy", "field", "mode"],
            registry=self.registry,
        )
        self._skips = Counter(
            "podtailor_skips",
            "Proposed values skipped, Pods exempt and labels not understood, by reason.",
            ["reason"],
            registry=self.registry,
        )
        self._conflicts = Counter(
            "podtailor_policy_conflicts",
            "Proposed values for fields that a policy with precedence set differently.",
            registry=self.registry,
        )
        self._policies = Gauge(
            "podtailor_policies", "Known policies by state.", ["state"], registry=self.registry
        )
        self._revision = Gauge(
            "podtailor_snapshot_revision",
            "Version of the snapshot in force: resourceVersion, or how often files were read.",
            ["kind"],
            registry=self.registry,
        )
        self._age = Gauge(
            "podtailor_snapshot_age_seconds",
            "Time since the API server last sent anything, for the kind where that is longest ago.",
            registry=self.registry,
        )
        self._synced = Gauge(
            "podtailor_informer_synced",
            "1 once all objects of the kind were listed; 0 before, or if the API server does not serve it.",
            ["kind"],
            registry=self.registry,
        )
        self._reload = Gauge(
            "podtailor_config_last_reload_success_timestamp_seconds",
            "When certificates or policies were last read, Unix time.",
            registry=self.registry,
        )
        self._expiry = Gauge(
            "podtailor_certificate_expiry_timestamp_seconds",
            "When the serving certificate expires, Unix time.",
            registry=self.registry,
        )
        build = Gauge(
            "podtailor_build_info", "Always 1; the version is the label.", ["version"], registry=self.registry
        )
        build.labels(__version__).set(1)
        for result in RESULTS:
            self._requests.labels(result, "false")
        # Until `flush`: counts by metric and label values, and durations in seconds.
        self._counts: defaultdict[tuple[Any, ...], int] = defaultdict(int)
        self._seconds: list[float] = []

    def count_failure(self, result: str) -> None:
        """Count a request that was not reviewed."""
        self._requests.labels(result, "false").inc()

    def count_review(self, line: ReviewLine, decision: Decision) -> None:
        """Dry runs count as requests only: they change nothing."""
        counts = self._counts
        counts[self._requests, line.result, "true" if line.dry_run else "false"] += 1
        self._seconds.append(line.ms / 1000)
        if line.dry_run:
            return
        for notice in (decision.exemption, *decision.warnings):
            if notice:
                counts[self._skips, notice.reason] += 1
        if not decision.denied:
            self._count_changes(decision.outcome.changes, "enforce")
        if decision.would_change:
            self._count_changes(decision.would_change, "audit")
        for skip in decision.outcome.skips:
            counts[self._skips, skip.reason] += 1
        if decision.outcome.conflicts:
            self._conflicts.inc(len(decision.outcome.conflicts))

    def _count_changes(self, changes: Iterable[Change], mode: str) -> None:
        """By the last name of one of the `fields` of an edit, as `requests` and `nodeSelector`."""
        for change in changes:
            policy = change.policy
            # Tenants choose the names of their policies, so these count together.
            name = "namespaced" if policy.origin is Origin.WORKLOAD_POLICY else policy.name
            for step in change.path:
                if step in _FIELDS:
                    self._counts[self._mutations, name, step, mode] += 1
                    break

    def flush(self) -> None:
        counts, self._counts = self._counts, defaultdict(int)
        durations, self._seconds = self._seconds, []
        for (metric, *labels), count in counts.items():
            metric.labels(*labels).inc(count)
        for seconds in durations:
            self._duration.observe(seconds)

    def count_skip(self, reason: str) -> None:
        self._skips.labels(reason).inc()

    def set_snapshot(self, update: Update) -> None:
        for mode in Mode:
            self._policies.labels(mode.lower()).set(update.snapshot.policies.count(mode))
        self._policies.labels("bad").set(update.unusable)
        for kind, revision in update.revisions.items():
            self._revision.labels(kind).set(float(revision or 0))
            self._synced.labels(kind).set(1 if revision else 0)
        if update.revisions:
            self._reload.set_to_current_time()

    def observe_source(self, age: Callable[[], float], unsynced_kinds: list[str]) -> None:
        """`age` is called at each scrape. `unsynced_kinds` have not been listed yet."""
        self._age.set_function(age)
        for kind in unsynced_kinds:
            self._synced.labels(kind).set(0)

    def observe_events(self, counts: Callable[[], Mapping[str, int]]) -> None:
        """For a server that writes Events. `counts` is called at each scrape."""
        self.registry.register(
            _Counts(
                "podtailor_events",
                "Writes of Events, and refusals that no Event tells about.",
                "result",
                counts,
            )
        )

    def observe_trust(self, is_trusted: Callable[[], bool]) -> None:
        """For a server that rotates its certificates. `is_trusted` is called at each scrape."""
        gauge = Gauge(
            "podtailor_ca_bundle_current",
            "1 if the webhook configuration trusts the serving certificate; 0 if not, or if it is missing.",
            registry=self.registry,
        )
        gauge.set_function(is_trusted)

    def set_certificate(self, expires: float, read_at: float) -> None:
        self._expiry.set(expires)
        self._reload.set(read_at)


class _Counts(Collector):
    """A counter that is kept elsewhere: `counts` is called at each scrape, by value of the label."""

    def __init__(self, name: str, text: str, label: str, counts: Callable[[], Mapping[str, int]]) -> None:
        self._name, self._text, self._label, self._counts = name, text, label, counts

    def collect(self) -> Iterable[CounterMetricFamily]:
        counter = CounterMetricFamily(self._name, self._text, labels=[self._label])
        for value, count in self._counts().items():
            counter.add_metric([value], count)
        yield counter
