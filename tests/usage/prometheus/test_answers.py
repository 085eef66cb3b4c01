"""What a Prometheus API answers: whole, or not at all."""

from __future__ import annotations

import math

import pytest

from tests.usage.prometheus.fake_server import Reply, answer, error
from webhook.usage.prometheus.answers import QueryError, Series, TooMuchError, series_of

_ROW = {"metric": {"pod": "web"}, "value": [1000.5, "0.25"]}


@pytest.mark.parametrize(
    ("row", "value"),
    [
        pytest.param(_ROW, 0.25, id="a number"),
        pytest.param({**_ROW, "value": [1000.5, "NaN"]}, math.nan, id="none"),
        pytest.param({**_ROW, "value": [1000.5, "+Inf"]}, math.inf, id="infinite"),
        pytest.param({**_ROW, "value": [1000.5, "1e+09"]}, 1e9, id="large"),
    ],
)
def test_values_are_text(row: dict[str, object], value: float) -> None:
    reply = answer("vector", row)
    (series,) = series_of(200, reply.body.encode(), "vector")
    assert series.labels == {"pod": "web"}
    assert [repr(each) for each in series.points[0]] == ["1000.5", repr(float(value))]


def test_infos_speak_of_the_query_only() -> None:
    reply = answer("vector", _ROW, infos=["PromQL info: metric might not be a counter"], warnings=[])
    assert series_of(200, reply.body.encode(), "vector") == [Series({"pod": "web"}, [(1000.5, 0.25)])]


@pytest.mark.parametrize(
    ("reply", "notice"),
    [
        pytest.param(error(400, "bad_data", "parse error"), "query-refused: bad_data: parse error", id="400"),
        pytest.param(error(422, "execution", "many-to-many"), "query-refused: execution: many", id="422"),
        pytest.param(error(429, "too_many_requests", "slow down"), "usage-server-busy: too_many", id="429"),
        pytest.param(error(503, "unavailable", "starting"), "usage-server-busy: unavailable", id="503"),
        pytest.param(error(401, "", "no org id"), "usage-unauthorized: no org id", id="401"),
        pytest.param(error(200, "execution", "odd"), "query-refused: execution: odd", id="an error with 200"),
        pytest.param(Reply(503, "upstream gone"), "usage-server-busy: 503 Service Una", id="503 of a proxy"),
        pytest.param(Reply(403, "<html>"), "usage-unauthorized: 403 Forbidden", id="403 of a proxy"),
        pytest.param(Reply(200, "<!DOCTYPE html>\n<p>"), "not-prometheus: 200, and no JSON .*DOCTYPE", id="a login"),
        pytest.param(Reply(404, "404 page not found"), "not-prometheus: 404, and no JSON", id="another server"),
        pytest.param(Reply(200, '{"ok": true}'), "unexpected-answer: the JSON", id="another API"),
        pytest.param(Reply(200, '{"status":"success","data":{"res'), "unexpected-answer: the JSON", id="half a body"),
        pytest.param(Reply(200, ""), "not-prometheus: 200, and no JSON", id="empty"),
        pytest.param(Reply(200, '{"status":"success"}'), "unexpected-.* got no data", id="no data"),
        pytest.param(answer("scalar", 1, "1"), "unexpected-.* asked for a vector, got scalar", id="a scalar"),
        pytest.param(answer("vector", {**_ROW, "value": [1, "x"]}), "unexpected-.*'x'", id="no number"),
        pytest.param(answer("vector", {**_ROW, "value": [1, 2]}), "unexpected-.*Expected `str`", id="no text"),
        pytest.param(answer("vector", {"metric": {}, "histogram": []}), "unexpected-.* no numbers", id="histogram"),
        pytest.param(answer("vector", _ROW, warnings=["store a", "b"]), "partial-usage: store a; b", id="warnings"),
        pytest.param(answer("vector", _ROW, isPartial=True), "partial-usage: isPartial", id="part of a cluster"),
    ],
)  # fmt: skip
def test_what_is_no_whole_answer(reply: Reply, notice: str) -> None:
    with pytest.raises(QueryError, match=notice) as raised:
        series_of(reply.status, reply.body.encode(), "vector")
    assert not isinstance(raised.value, TooMuchError)


# As Prometheus 3.14, VictoriaMetrics 1.148, Mimir and Thanos say it.
@pytest.mark.parametrize(
    ("reply", "name"),
    [
        (error(422, "execution", "query processing would load too many samples into memory in query execution"), "too-many-samples"),
        (error(400, "bad_data", "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing"), "too-many-samples"),
        (error(422, "422", "cannot select more than -search.maxSamplesPerQuery=10 samples; possible solutions:"), "too-many-samples"),
        (error(422, "422", "the number of matching timeseries exceeds 10; either narrow down the search or increase -search.maxUniqueTimeseries"), "too-many-samples"),
        (error(422, "execution", "the query hit the max number of chunks limit while fetching chunks (limit: 1 chunks)"), "too-many-samples"),
        (error(422, "execution", "expanding series: exceeded series limit: rpc error: limit 10 violated"), "too-many-samples"),
        (error(503, "timeout", "query timed out in expression evaluation"), "usage-timeout"),
        (error(422, "422", "timeout exceeded during the query: 30.000 seconds"), "usage-timeout"),
        (error(504, "", "context deadline exceeded"), "usage-timeout"),
    ],
)  # fmt: skip
def test_too_much_is_to_be_asked_in_parts(reply: Reply, name: str) -> None:
    with pytest.raises(TooMuchError, match=name):
        series_of(reply.status, reply.body.encode(), "matrix")
