"""What Prometheus sees. Never a label from a Pod's name, an image or a tenant's text."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

from msgspec import Struct
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from webhook import __version__
from webhook.engine.evaluate import Decision
from webhook.model.draft import Change, Skip
from webhook.model.names import Mode
from webhook.model.policy import Origin, Policy
from webhook.policies.merge import Update
from webhook.supervision import restarts

# From a fast review (0.5 ms) to the API server's patience (2.5 s is past the shipped timeout of 2 s).
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


class Effects(Struct, frozen=True, gc=False):
    """What a decision is counted by: nothing of the Pod's but names that were cut."""

    reasons: tuple[str, ...]
    """The first words of why the Pod is left alone, and of its warnings."""
    changes: tuple[Change, ...]
    would_change: tuple[Change, ...]
    skips: tuple[Skip, ...]
    conflicts: int

    def __len__(self) -> int:
        return len(self.changes) + len(self.would_change) + len(self.skips)


def effects_of(decision: Decision) -> Effects:
    outcome = decision.outcome
    said = (decision.exemption, *decision.warnings) if decision.exemption else decision.warnings
    return Effects(
        reasons=tuple([reason.partition(":")[0] for reason in said]),
        changes=() if decision.denied else outcome.changes,
        would_change=decision.would_change,
        skips=outcome.skips,
        conflicts=len(outcome.conflicts),
    )


class Metrics:
    """The metrics of one server, in a registry of their own. Children are made once and kept."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)  # memory, CPU time, open files
        self.registry.register(_Restarts())
        self._requests = Counter(
            "podtailor_admission_requests",
            "Admission reviews by result; dry_run is the API request's own.",
            ["result", "dry_run"],
            registry=self.registry,
        )
        self._duration = Histogram(
            "podtailor_admission_review_duration_seconds",
            "From the whole body read to the answer ready.",
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._mutations = Counter(
            "podtailor_mutations",
            "Fields set (mode enforce), or that would have been (mode audit), in real requests.",
            ["policy", "field", "mode"],
            registry=self.registry,
        )
        self._skips = Counter(
            "podtailor_skips",
            "Wishes of policies left out, Pods left alone, labels not understood, by reason.",
            ["reason"],
            registry=self.registry,
        )
        self._conflicts = Counter(
            "podtailor_policy_conflicts",
            "Wishes for a field that an earlier policy had set otherwise.",
            registry=self.registry,
        )
        self._policies = Gauge(
            "podtailor_policies", "Policies known, by state.", ["state"], registry=self.registry
        )
        self._revision = Gauge(
            "podtailor_snapshot_revision",
            "Up to where the snapshot in force is complete: resourceVersion, or count of reads of files.",
            ["kind"],
            registry=self.registry,
        )
        self._age = Gauge(
            "podtailor_snapshot_age_seconds",
            "Since the API server was last heard, of the kind that has been silent longest.",
            registry=self.registry,
        )
        self._synced = Gauge(
            "podtailor_informer_synced",
            "1 once all objects of the kind have been listed; 0 where the API server does not serve it.",
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
        self._count_request = cache(self._requests.labels)
        self._count_mutation = cache(self._mutations.labels)
        self._count_skip = cache(self._skips.labels)
        for result in RESULTS:
            self._count_request(result, "false")

    def count_review(self, result: str, *, dry_run: bool = False) -> None:
        self._count_request(result, "true" if dry_run else "false").inc()

    def took(self, seconds: float) -> None:
        self._duration.observe(seconds)

    def took_effect(self, effects: Effects) -> None:
        """Of a real request: dry runs change nothing, so they count as requests only."""
        for reason in effects.reasons:
            self._count_skip(reason).inc()
        self._mutated(effects.changes, "enforce")
        self._mutated(effects.would_change, "audit")
        for skip in effects.skips:
            self._count_skip(skip.reason.value).inc()
        if effects.conflicts:
            self._conflicts.inc(effects.conflicts)

    def _mutated(self, changes: Iterable[Change], mode: str) -> None:
        counts: dict[tuple[str, str], int] = {}
        for change in changes:
            key = _policy(change.policy), _field(change)
            counts[key] = counts.get(key, 0) + 1
        for (policy, field), count in counts.items():
            self._count_mutation(policy, field, mode).inc(count)

    def skipped(self, reason: str) -> None:
        self._count_skip(reason).inc()

    def loaded(self, update: Update) -> None:
        for mode in Mode:
            count = sum(policy.mode is mode for policy in update.snapshot.policies)
            self._policies.labels(mode.lower()).set(count)
        self._policies.labels("bad").set(update.unusable)
        for kind, revision in update.revisions.items():
            self._revision.labels(kind).set(float(revision or 0))
            self._synced.labels(kind).set(1 if revision else 0)
        if update.revisions:
            self._reload.set_to_current_time()

    def watches(self, age: Callable[[], float], unsynced_kinds: list[str]) -> None:
        """`age` is asked for each scrape; none of the kinds has been listed yet."""
        self._age.set_function(age)
        for kind in unsynced_kinds:
            self._synced.labels(kind).set(0)

    def trusted(self, is_trusted: Callable[[], bool]) -> None:
        """For a server that looks after its certificates itself; asked for each scrape."""
        gauge = Gauge(
            "podtailor_ca_bundle_current",
            "1 while the webhook configuration trusts what is served; 0 where it does not, or is not there.",
            registry=self.registry,
        )
        gauge.set_function(is_trusted)

    def certificate(self, expires: float, read_at: float) -> None:
        self._expiry.set(expires)
        self._reload.set(read_at)


class _Restarts(Collector):
    def collect(self) -> Iterable[CounterMetricFamily]:
        counter = CounterMetricFamily(
            "podtailor_worker_restarts",
            "How often background work failed and was started again.",
            labels=["worker"],
        )
        for worker, count in restarts().items():
            counter.add_metric([worker], count)
        yield counter


def _policy(policy: Policy) -> str:
    """Tenants name their own policies: those count together."""
    return "namespaced" if policy.origin is Origin.WORKLOAD_POLICY else policy.name


def _field(change: Change) -> str:
    """`requests`, `limits`, `resizePolicy`, `nodeSelector` or `tolerations`."""
    return str(change.path[-1 if change.append else -2])
