"""The text of the queries. What they find is asked of real servers, in tests/e2e/usage."""

from __future__ import annotations

import re

from webhook.usage.measured import Window
from webhook.usage.prometheus import queries
from webhook.usage.prometheus.queries import Scope, chunk

_WEEK = Window(0, 7 * 86400, 300)


def test_containers_of_one_cluster_without_sums_and_pause() -> None:
    scope = Scope("shop", ("cluster", 'ea"st'))
    assert scope.containers == (r'{namespace="shop",cluster="ea\"st",pod!="",container!="",container!="POD"}')
    assert Scope("").containers == '{pod!="",container!="",container!="POD"}'


def test_duplicates_become_one_before_anything_is_counted() -> None:
    rate = f"max by (namespace,pod,container) (rate(container_cpu_usage_seconds_total{Scope('shop').containers}[300s]))"
    assert queries.cpu_quantile(Scope("shop"), _WEEK, 0.95) == (
        f"max by (namespace,pod,container) (quantile_over_time(0.95, {rate}[604800s:300s]))"
    )
    assert queries.steps(Scope("shop"), _WEEK) == f"count_over_time({rate}[3600s:300s])"
    assert queries.cpu_peak(Scope("shop"), _WEEK) == f"max_over_time({rate}[3600s:300s])"


def test_memory_is_from_all_samples() -> None:
    assert queries.memory_peak(Scope("shop"), _WEEK).endswith("[3600s]))")


def test_parts_fill_the_window() -> None:
    assert chunk(_WEEK) == 3600
    assert chunk(Window(0, 5400, 300)) == 2700
    assert chunk(Window(0, 600, 300)) == 600
    assert "[2700s]" in queries.memory_peak(Scope("shop"), Window(0, 5400, 300))
    assert "[1200001ms]" in queries.memory_peak(Scope("shop"), Window(0, 1200.001, 300))


def test_parts_are_all_pods_and_end() -> None:
    todo, smallest = [Scope("shop")], []
    while todo:
        scope = todo.pop()
        parts = scope.parts() if len(scope.ending) < 2 else ()
        todo += parts
        smallest += [] if parts else [scope]
    names = re.compile("|".join(re.findall(r'pod=~"(.*?)"', "".join(each.select() for each in smallest))))
    assert all(names.fullmatch(each) for each in ("a", "0", "ab", "web-0", "a.b", "web-6f-k2x7q"))
    assert len({each.select() for each in smallest}) == len(smallest)
    assert Scope("shop", None, "a", "xyz").parts() == ()
    assert Scope("shop", None, "", "a").parts() == ()


def test_selector_of_a_part() -> None:
    assert "pod=~" not in Scope("shop").containers
    assert 'pod=~".*[ab]-0"' in Scope("shop", None, "ab", "-0").containers
    assert 'pod=~"a[.]b"' in Scope("shop", None, "", "a.b").containers
    assert Scope("shop", None, "ab", "-0").whole() == Scope("shop")
