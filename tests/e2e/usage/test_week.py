"""What real servers say about a week of which everything is known."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tests.e2e.usage.conftest import Week
from tests.e2e.usage.servers import Prometheus, VictoriaMetrics
from tests.e2e.usage.week import (
    BEGIN,
    DAY,
    END,
    HOUR,
    KILLS,
    LIMITS,
    MIB,
    MINUTE,
    OWNERS,
    SIDECAR,
    SIDECAR_SEEN,
    THROTTLED,
    WEEK,
)
from webhook.errors import InputError
from webhook.usage.files import FileUsage, as_json
from webhook.usage.measured import ContainerOfPod, Measured, NamespaceUsage, Window
from webhook.usage.prometheus.answers import QueryError
from webhook.usage.prometheus.server import PrometheusServer
from webhook.usage.prometheus.source import PrometheusUsage

_EAST = ("cluster", "east")


def _source(url: str, window: Window = WEEK, cluster: tuple[str, str] | None = _EAST) -> PrometheusUsage:
    return PrometheusUsage(PrometheusServer(url), window, cluster=cluster)


@pytest.fixture
def shop(url: str) -> NamespaceUsage:
    usage = _source(url).usage("shop")
    assert usage.problems == usage.notes == ()
    return usage


def _of(usage: NamespaceUsage, pod: str, container: str = "app") -> Measured:
    return usage.containers[ContainerOfPod(pod, container)]


# Of CPU in milli, of memory in MiB; steps with a value; days.
_TRUTH = {
    # often at 500m; three series of each container are one
    ("web-6f-aaaaa", "app"): (500, 500, 200, 2016, 7),
    # rarely at 400m
    ("web-6f-bbbbb", "app"): (100, 400, 210, 2016, 7),
    # gone on the second day, after half a minute of 900 MiB
    ("web-6f-ccccc", "app"): (200, 200, 900, 288, 1),
    # restarted; not asked for a day
    ("db-0", "postgres"): (300, 300, 1000, 1728, 7),
    ("busy-5d-ddddd", "app"): (500, 500, 100, 2016, 7),
    ("leaky-7c-fffff", "app"): (50, 50, 254, 2016, 7),
    ("calm-8b-ggggg", "app"): (20, 20, 50, 2016, 7),
    ("api-9a-hhhhh", "java"): (150, 150, 1024, 2016, 7),
    ("api-9a-hhhhh", "proxy"): (10, 10, 40, 2016, 7),
    ("front-4e-jjjjj", "app"): (360, 360, 120, 2016, 7),
    # twenty minutes a week
    ("report-29-mmmmm", "report"): (2000, 2000, 1500, 4, 0),
    # two minutes of one CPU
    ("tick-1-nnnnn", "tick"): (1000, 1000, 70, 1, 0),
    ("tick-2-ppppp", "tick"): (1000, 1000, 70, 1, 0),
    # created two days ago
    ("fresh-3b-kkkkk", "app"): (100, 100, 64, 576, 2),
}


def test_each_container_has_its_row(shop: NamespaceUsage) -> None:
    """Not the sums of Pods, not their pause containers, not what another cluster has under the same name."""
    assert shop.containers.keys() == {ContainerOfPod(*key) for key in _TRUTH}


@pytest.mark.parametrize(("pod", "container"), _TRUTH)
def test_amounts(shop: NamespaceUsage, pod: str, container: str) -> None:
    quantile, peak, memory, points, days = _TRUTH[pod, container]
    measured = _of(shop, pod, container)
    assert measured.cpu_quantile == pytest.approx(quantile, rel=0.02)
    assert measured.cpu_peak
    assert measured.cpu_peak.value == pytest.approx(peak, rel=0.02)
    assert measured.memory_peak
    assert measured.memory_peak.value / 1000 / MIB == pytest.approx(memory, abs=1)
    assert measured.points == pytest.approx(points, abs=2)
    assert measured.last - measured.first == pytest.approx(days * DAY, abs=20 * MINUTE)


def test_in_use_is_what_a_kubelet_would_compare(url: str) -> None:
    """With the page cache; not what has no such series, which is not taken for zero."""
    found = _source(url).in_use("shop")
    amounts = {key.pod: (each.cpu, round(each.memory / 1000 / MIB)) for key, each in found.items()}
    assert amounts == {"web-6f-aaaaa": (500, 270), "web-6f-bbbbb": (100, 211)}


def test_peak_has_its_hour(shop: NamespaceUsage) -> None:
    peak = _of(shop, "web-6f-ccccc").memory_peak
    assert peak
    assert peak.at == BEGIN + 31 * HOUR


def test_kills_in_the_window_only(shop: NamespaceUsage) -> None:
    assert _of(shop, "leaky-7c-fffff").oom_killed_at == KILLS[-1]
    killed = {key.pod for key, each in shop.containers.items() if each.oom_killed_at}
    assert killed == {"leaky-7c-fffff", "tick-2-ppppp", SIDECAR[0]}


def test_kill_without_a_date_is_when_it_is_seen_first(shop: NamespaceUsage) -> None:
    job, sidecar = _of(shop, "tick-2-ppppp", "tick"), _of(shop, *SIDECAR)
    assert job.oom_killed_at == pytest.approx(BEGIN + 4 * DAY + 13 * MINUTE, abs=10 * MINUTE)
    assert sidecar.oom_killed_at == pytest.approx(BEGIN + SIDECAR_SEEN, abs=10 * MINUTE)


def test_limit_is_that_of_the_kill(url: str, shop: NamespaceUsage) -> None:
    """It was raised since: who looks again must not raise it once more."""
    assert _of(shop, "leaky-7c-fffff").memory_limit == 256 * MIB * 1000
    after = _source(url, Window(END - HOUR, END, 300)).usage("shop")
    assert _of(after, "leaky-7c-fffff").memory_limit == 512 * MIB * 1000
    assert _of(after, "leaky-7c-fffff").oom_killed_at is None


def test_kill_has_the_date_of_its_window(url: str) -> None:
    """On the third day it was the eleventh."""
    window = Window(BEGIN + 2 * DAY, BEGIN + 2 * DAY + 20 * HOUR, 300)
    assert _of(_source(url, window).usage("shop"), "leaky-7c-fffff").oom_killed_at == KILLS[10]


def test_throttled_share(shop: NamespaceUsage) -> None:
    shares = {key.pod: each.throttled for key, each in shop.containers.items() if each.throttled is not None}
    assert shares == {"busy-5d-ddddd": pytest.approx(THROTTLED, abs=0.001)}


def test_limits(shop: NamespaceUsage) -> None:
    found = {
        key: (each.cpu_limit, each.memory_limit)
        for key, each in shop.containers.items()
        if each.cpu_limit or each.memory_limit
    }
    assert found == {
        ContainerOfPod(*key): (cpu and int(cpu * 1000), memory and memory * MIB * 1000)
        for key, (cpu, memory) in LIMITS.items()
    }


def test_owners(shop: NamespaceUsage) -> None:
    top = {"ReplicaSet": "Deployment", "Job": "CronJob", "StatefulSet": "StatefulSet"}
    assert {pod: str(owner) for pod, owner in shop.owners.items()} == {
        pod: f"{top[kind]} shop/{name.partition('-')[0]}"
        for pod, (kind, name) in OWNERS.items()
        if not pod.startswith("lone")
    }


def test_days_found_are_fewer_than_days_asked(url: str) -> None:
    usage = _source(url, Window(END - 14 * DAY, END, 300)).usage("shop")
    measured = _of(usage, "web-6f-bbbbb")
    assert measured.first == pytest.approx(BEGIN, abs=HOUR)
    assert measured.last == END
    assert measured.points == pytest.approx(2016, abs=2)


def test_history_is_what_happened(url: str) -> None:
    history = _source(url).history("shop")
    assert history.problems == ()
    assert history.containers.keys() == {ContainerOfPod(*key) for key in _TRUTH}
    web = history.containers[ContainerOfPod("web-6f-aaaaa", "app")]
    # Ten minutes of two hours: two whole steps, and some of the one before or after by what a rate is made of.
    bursts = [value for value in web.cpu if value > 450]
    assert len(bursts) == pytest.approx(2 * 84, abs=2)
    # The counter has grown by all that was used.
    assert sum(value * 300 / 1000 for value in web.cpu) == pytest.approx(
        (0.1 * 110 + 0.5 * 10) * MINUTE * 84, rel=0.02
    )
    gone = history.containers[ContainerOfPod("web-6f-ccccc", "app")]
    assert [step for step, value in enumerate(gone.memory) if value > 500 * MIB * 1000] == [
        (30 * 60 + 7) // 5
    ]
    assert sum(math.isnan(each) for each in gone.cpu) == pytest.approx(2016 - 288, abs=2)
    database = history.containers[ContainerOfPod("db-0", "postgres")]
    assert max(each for each in database.cpu if not math.isnan(each)) == pytest.approx(300, rel=0.02)
    assert sum(math.isnan(each) for each in database.memory) == pytest.approx(288, abs=2)


def test_file_says_what_its_server_said(url: str, tmp_path: Path) -> None:
    source, file = _source(url), tmp_path / "usage.json"
    usage, history = source.usage("shop"), source.history("shop")
    file.write_bytes(as_json(usage, history))
    read = FileUsage(str(file))
    assert read.usage("shop") == usage
    assert repr(sorted(read.history("shop").containers.items())) == repr(sorted(history.containers.items()))


def test_several_clusters_are_refused(url: str) -> None:
    source = _source(url, cluster=None)
    with pytest.raises(
        InputError, match=r"choose one: without a label; cluster=east; cluster=west"
    ) as raised:
        source.check()
    assert raised.value.name == "several-clusters"
    usage = source.usage("shop")
    assert [each.reason for each in usage.problems] == ["several-clusters"]
    assert usage.containers == {}
    assert [each.reason for each in source.history("shop").problems] == ["several-clusters"]


def test_namespace_of_one_cluster_needs_no_choice(url: str) -> None:
    usage = _source(url, cluster=None).usage("lone")
    assert usage.problems == ()
    assert [key.pod for key in usage.containers] == ["lone-1a-aaaaa"]


def test_other_cluster(url: str) -> None:
    usage = _source(url, cluster=("cluster", "west")).usage("shop")
    assert [each.reason for each in usage.problems] == ["no-owners"]


@pytest.mark.parametrize(
    ("namespace", "problem"),
    [
        pytest.param("dim", "no-container-labels", id="without labels of containers"),
        pytest.param("empty", "no-usage", id="without usage"),
    ],
)
def test_nothing_is_never_zero(url: str, namespace: str, problem: str) -> None:
    usage = _source(url).usage(namespace)
    assert [each.reason for each in usage.problems] == [problem]
    assert usage.containers == {}


def test_check(url: str) -> None:
    _source(url).check()
    with pytest.raises(InputError, match="cluster=north") as raised:
        _source(url, cluster=("cluster", "north")).check()
    assert raised.value.name == "no-usage"


def test_address_of_another_page(url: str) -> None:
    usage = _source(f"{url}/nowhere").usage("shop")
    assert [each.reason for each in usage.problems] in (["not-prometheus"], ["query-refused"])


def test_query_for_a_histogram_that_there_is_not(prometheus: str, victoria: str) -> None:
    """As guides have it: Prometheus warns, VictoriaMetrics says nothing. Neither is a use of 0."""
    query = "histogram_quantile(0.95, rate(container_cpu_usage_seconds_total[5m]))"
    with pytest.raises(QueryError, match="partial-usage: PromQL warning"):
        PrometheusServer(prometheus).query(query, END)
    assert PrometheusServer(victoria).query(query, END) == []


def test_parse_error(url: str) -> None:
    with pytest.raises(QueryError, match="query-refused: "):
        PrometheusServer(url).query("max by (", END)


def test_prometheus_that_is_too_slow(week: Week, tmp_path: Path) -> None:
    with Prometheus(tmp_path, week.blocks, "--query.timeout=1ms", "--storage.tsdb.no-lockfile") as server:
        assert [each.reason for each in _source(server.url).usage("shop").problems] == ["usage-timeout"]


@pytest.mark.parametrize(
    "flag",
    [
        "-search.maxMemoryPerQuery=1",
        "-search.maxPointsPerTimeseries=10",
        "-search.maxPointsSubqueryPerTimeseries=10",
        "-search.maxSamplesPerSeries=10",
    ],
)
def test_limits_of_victoria(week: Week, tmp_path: Path, flag: str) -> None:
    with VictoriaMetrics(tmp_path, "-search.disableCache", flag) as server:
        server.load(week.exposition)
        assert [each.reason for each in _source(server.url).usage("shop").problems] == ["too-many-samples"]


def test_prometheus_that_loads_few_samples_is_asked_in_parts(
    week: Week, tmp_path: Path, prometheus: str
) -> None:
    # Enough for a week of one series at a time, and the steps of three.
    flags = ("--query.max-samples=15000", "--storage.tsdb.no-lockfile")
    with Prometheus(tmp_path, week.blocks, *flags) as server:
        _is_whole_in_parts(server.url, prometheus)
    with Prometheus(tmp_path, week.blocks, "--query.max-samples=100", "--storage.tsdb.no-lockfile") as server:
        usage = _source(server.url).usage("shop")
    assert [each.reason for each in usage.problems] == ["too-many-samples"]


def test_victoria_that_loads_few_samples_is_asked_in_parts(week: Week, tmp_path: Path, victoria: str) -> None:
    flags = ("-search.disableCache", "-search.maxSamplesPerQuery=60000")
    with VictoriaMetrics(tmp_path, *flags) as server:
        server.load(week.exposition)
        _is_whole_in_parts(server.url, victoria)


def _is_whole_in_parts(url: str, without_limit: str) -> None:
    usage = _source(url).usage("shop")
    assert usage.problems == ()
    assert [each.reason for each in usage.notes] == ["usage-in-parts"]
    whole = _source(without_limit).usage("shop")
    assert (usage.containers, usage.owners) == (whole.containers, whole.owners)
