"""The flags that name a Prometheus API."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.usage.prometheus.fake_server import answer, fake_prometheus
from webhook.cli.common.prometheus import PrometheusOptions
from webhook.errors import UsageError


def test_server_is_asked_as_the_flags_say(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("secret\n")
    with fake_prometheus(lambda _: answer("vector")) as fake:
        options = PrometheusOptions(
            url=fake.url,
            headers=["X-Scope-OrgID: team:a"],
            bearer_file=str(token),
            cluster_label="cluster=east",
        )
        assert options.server().query("up", 0) == []
        (request,) = fake.requests
    headers = {name.lower(): value for name, value in request.headers.items()}
    assert (headers["x-scope-orgid"], headers["authorization"]) == ("team:a", "Bearer secret")
    assert options.cluster == ("cluster", "east")


def test_flags_are_given_again_without_a_password() -> None:
    headers = ["X-Scope-OrgID: a", "authorization: Basic c2VjcmV0"]
    options = PrometheusOptions(url="http://p", headers=headers, ca_file="ca.pem")
    assert options.flags() == ["--prometheus=http://p", "--ca-file=ca.pem", "--header=X-Scope-OrgID: a"]
    assert PrometheusOptions().flags() == []


@pytest.mark.parametrize(
    ("use", "message"),
    [
        pytest.param(PrometheusOptions(headers=["a:b"]).check, "are for --prometheus", id="no server"),
        pytest.param(
            PrometheusOptions(url="http://p", headers=["a"]).server, "write NAME:VALUE", id="no value"
        ),
        pytest.param(
            lambda: PrometheusOptions(cluster_label="east").cluster,
            "write NAME=VALUE",
            id="no name of a label",
        ),
    ],
)
def test_wrong_flags(use: Callable[[], object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        use()
