"""Requests to a Prometheus API, and what stands between it and us."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certs.files import CA_CERT, issue_to
from tests.support.processes import free_port
from tests.usage.prometheus.fake_server import Reply, answer, error, fake_prometheus
from webhook.errors import InputError, UsageError
from webhook.usage.prometheus import server as module
from webhook.usage.prometheus.answers import QueryError, Series, TooMuchError
from webhook.usage.prometheus.server import PrometheusServer

_ROW = {"metric": {"pod": "web"}, "value": [1000, "0.25"]}
_ROWS = {"metric": {"pod": "web"}, "values": [[1000, "0.25"], [1300, "NaN"]]}


def test_query_is_a_form_that_is_posted(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("secret\n")
    with fake_prometheus(lambda _: answer("vector", _ROW)) as fake:
        server = PrometheusServer(
            f"{fake.url}/prometheus/", headers={"X-Scope-OrgID": "a"}, bearer_file=token
        )
        assert server.query("up", 1000.5) == [Series({"pod": "web"}, [(1000.0, 0.25)])]
        token.write_text("renewed")
        server.query("up", 1_780_876_800)
    first, second = fake.requests
    assert first.path == "/prometheus/api/v1/query"
    assert (first.form["query"], first.form["time"]) == ("up", "1000.5")
    assert (first.form["timeout"], first.form["partial_response"]) == ("54s", "false")
    assert first.headers["X-Scope-Orgid"] == "a"
    assert [each.headers["Authorization"] for each in (first, second)] == ["Bearer secret", "Bearer renewed"]
    assert second.form["time"] == "1780876800"


def test_range() -> None:
    with fake_prometheus(lambda _: answer("matrix", _ROWS)) as fake:
        (series,) = PrometheusServer(fake.url).query_range("up", 1000, 1300, 300)
    assert [time for time, _ in series.points] == [1000, 1300]
    assert fake.requests[0].path == "/api/v1/query_range"
    assert [fake.requests[0].form[key] for key in ("start", "end", "step")] == ["1000", "1300", "300"]


def test_password_of_the_url_is_sent_and_not_shown() -> None:
    with fake_prometheus(lambda _: Reply(302, "", {"Location": "/login"})) as fake:
        server = PrometheusServer(fake.url.replace("//", "//me:p%40ss@"))
        with pytest.raises(QueryError) as raised:
            server.query("up", 0)
    assert fake.requests[0].headers["Authorization"] == "Basic bWU6cEBzcw=="
    assert "p%40ss" not in str(raised.value)


@pytest.mark.parametrize("url", ["prometheus:9090", "ftp://a", "", "http://", "http://[::1"])
def test_url_of_another_form_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="takes a URL"):
        PrometheusServer(url)


def test_token_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="token") as raised:
        PrometheusServer("http://127.0.0.1:1", bearer_file=tmp_path / "token").query("up", 0)
    assert raised.value.name == "unreadable-file"


def test_redirect_is_not_followed() -> None:
    with fake_prometheus(lambda _: Reply(307, "", {"Location": "https://elsewhere/login"})) as fake:
        with pytest.raises(QueryError, match=r"not-prometheus: 307: .*redirects to https://elsewhere/login"):
            PrometheusServer(fake.url).query("up", 0)
        assert len(fake.requests) == 1


def test_half_a_body() -> None:
    half = answer("vector", _ROW)._replace(missing=10)
    with (
        fake_prometheus(lambda _: half) as fake,
        pytest.raises(QueryError, match=r"unexpected-answer: .* ended in the middle of its answer"),
    ):
        PrometheusServer(fake.url).query("up", 0)


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(None, id="no answer"),
        pytest.param(Reply(200, "{", missing=1000, drips=True), id="one that never ends"),
    ],
)
def test_late_answer_is_too_much(reply: Reply | None) -> None:
    with (
        fake_prometheus(lambda _: reply) as fake,
        pytest.raises(TooMuchError, match=r"usage-timeout: .* did not answer within 0.2 seconds"),
    ):
        PrometheusServer(fake.url, seconds=0.2).query("up", 0)


def test_nothing_listens() -> None:
    with pytest.raises(QueryError, match=r"prometheus-unreachable: .*Connection refused"):
        PrometheusServer(f"http://127.0.0.1:{free_port()}").query("up", 0)


def test_certificate(tmp_path: Path) -> None:
    issue_to(tmp_path, ["127.0.0.1"], datetime.now(UTC), timedelta(days=1))
    with fake_prometheus(lambda _: answer("vector", _ROW), tmp_path) as fake:
        assert len(PrometheusServer(fake.url, ca_file=tmp_path / CA_CERT).query("up", 0)) == 1
        with pytest.raises(QueryError, match=r"prometheus-unreachable: .*: unable to get local issuer"):
            PrometheusServer(fake.url).query("up", 0)
        assert len(fake.requests) == 1


def test_ca_file_that_is_none(tmp_path: Path) -> None:
    file = tmp_path / "ca.crt"
    with pytest.raises(UsageError, match=r"ca\.crt: No such file"):
        PrometheusServer("https://127.0.0.1:1", ca_file=file)
    file.write_text("no certificate")
    with pytest.raises(UsageError, match=r"ca\.crt: "):
        PrometheusServer("https://127.0.0.1:1", ca_file=file)


def test_server_without_tls() -> None:
    with (
        fake_prometheus(lambda _: answer("vector")) as fake,
        pytest.raises(QueryError, match="prometheus-unreachable: "),
    ):
        PrometheusServer(fake.url.replace("http", "https")).query("up", 0)


def test_server_that_limits_the_rate_is_asked_three_times(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BACKOFF", 0)
    busy = error(429, "too_many_requests", "rate limit")
    with fake_prometheus(lambda _: busy) as fake:
        with pytest.raises(QueryError, match="usage-server-busy: too_many_requests: rate limit"):
            PrometheusServer(fake.url).query("up", 0)
        assert len(fake.requests) == 3
        fake.requests.clear()
        fake.reply = lambda _: busy if len(fake.requests) < 3 else answer("vector", _ROW)
        assert len(PrometheusServer(fake.url).query("up", 0)) == 1
