"""The benchmark: what it asks, how it counts, and that its pages say what its figures say."""

from __future__ import annotations

import asyncio
import base64
import json

import jsonpatch
import msgspec
import pytest

from bench import __main__ as bench
from bench import plot, report, reviews
from bench.contestants.naive import AdmissionReview, mutate
from bench.load import Run
from tests.support.pods import decide, tailored
from webhook.engine.snapshot import snapshot_of
from webhook.policies.shipped import Profile, built_in
from webhook.server import wire

STRICT = snapshot_of(built_in(Profile.STRICT))


@pytest.mark.parametrize(("size", "kilobytes"), [("small", 2.5), ("typical", 7.5), ("large", 30.7)])
def test_every_pod_is_another_and_needs_something(size: str, kilobytes: float) -> None:
    made = reviews.many(reviews.recorded(size), 50)
    assert len({len(text) for text in made}) == 1
    assert len(made[0]) == pytest.approx(1000 * kilobytes, rel=0.02)
    requests = [wire.read_review(text.encode()) for text in made]
    pods = [wire.read_pod(request) for request in requests]
    assert (
        len({request.uid for request in requests})
        == len({json.dumps(msgspec.to_builtins(each)) for each in pods})
        == 50
    )
    assert all(decide(json.loads(text)["request"]["object"], STRICT).patch for text in made)


def test_reviews_of_workloads_differ_in_their_uid() -> None:
    one, other, same = (
        json.loads(text)
        for text in reviews.of_workloads(reviews.recorded("typical"), reviews.WORKLOADS + 1)[
            :: reviews.WORKLOADS // 2
        ]
    )
    assert one["request"]["object"] == same["request"]["object"] != other["request"]["object"]
    assert one["request"]["uid"] != same["request"]["uid"]


def test_pods_of_workloads_come_again() -> None:
    pods = reviews.of_workloads(reviews.pod_of(reviews.recorded("typical")), 2 * reviews.WORKLOADS)
    assert len({*pods}) == reviews.WORKLOADS


def test_parts_measured_apart_keep_their_date() -> None:
    known = {"date": "2026-01-01", "machine": {"cpus": 2}, "resident": {"after": 1}}
    raw = report.beside(known, {"date": "2026-02-02", "machine": {"cpus": 4}, "steady": {}})
    assert raw["date"] == "2026-01-01"
    assert raw["apart"] == {"steady": {"date": "2026-02-02", "machine": {"cpus": 4}}}
    assert raw["resident"] == {"after": 1}


@pytest.mark.parametrize("size", reviews.SIZES)
def test_naive_webhook_adds_what_podtailor_adds(size: str) -> None:
    review = reviews.made(reviews.recorded(size))
    pod = review["request"]["object"]
    answer = asyncio.run(mutate(AdmissionReview.model_validate(review)))
    patch = json.loads(base64.b64decode(answer["response"]["patch"]))
    assert jsonpatch.apply_patch(pod, patch)["spec"] == tailored(pod, within=STRICT)["spec"]


def test_ratios_are_of_one_round() -> None:
    """A machine that is twice as slow in a round is so to both."""
    slow, fast = Run(1, 200, 1, 1, 1), Run(1, 100, 1, 1, 1)
    ours = [[*slow], [*fast], [*fast]]
    bare = [[1, 100, 1, 1, 1], [1, 50, 1, 1, 1], [1, 50, 1, 1, 1]]
    assert report.ratio(ours, bare) == 2


def test_goals_are_met_from_their_side() -> None:
    assert report.Goal("most", 4, 4).is_met
    assert not report.Goal("most", 4, 4.1).is_met
    assert report.Goal("least", 5000, 5001, at_least=True).is_met
    assert "missed by 10%" in report.Goal("least", 5000, 4500, at_least=True).row()


def test_pages_say_what_the_figures_say() -> None:
    raw = msgspec.json.decode(bench.RESULTS.read_bytes())
    assert bench.PAGE.read_text() == report.page(raw)
    assert bench.PLOT.read_text() == plot.drawn(raw)
    assert f"{bench.BEGIN}{report.summary(raw)}{bench.END}" in bench.README.read_text()
    assert f"{bench.BEGIN}{report.alternatives(raw)}{bench.END}" in bench.PERFORMANCE.read_text()
