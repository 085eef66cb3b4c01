"""The flags that name a Prometheus API."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.support.processes import free_port
from tests.usage.prometheus.fake_server import Reply, answer, fake_prometheus
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


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        pytest.param(None, "{url}: [Errno {errno}] Connection refused [prometheus-unreachable]", id="not reachable"),
        pytest.param(Reply(200, "<html>"), " [not-prometheus]", id="a login page"),
        pytest.param(answer("vector"), "{url} has no container_memory_working_set_bytes of containers [no-usage]", id="of something else"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("verb", ["recommend", "resize"])
def test_server_of_no_use_ends_the_command(
    run: Run, tmp_path: Path, verb: str, reply: Reply | None, message: str
) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(_KUBECONFIG)
    command = {
        "recommend": ["recommend", "-f", "examples/general.yaml"],
        "resize": ["resize", "deployment/web", "--cpu=1", f"--kubeconfig={kubeconfig}"],
    }[verb]
    if reply:
        with fake_prometheus(lambda _: reply) as fake:
            url = fake.url
            done = run(*command, f"--prometheus={url}")
    else:
        url = f"http://127.0.0.1:{free_port()}"
        done = run(*command, f"--prometheus={url}")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: ")
    assert message.format(url=url, errno=errno.ECONNREFUSED) in done.err


# The cluster is not asked: a sizing by half of what is known is not begun.
_KUBECONFIG = """\
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: u, user: {token: t}}]
contexts: [{name: x, context: {cluster: c, user: u, namespace: shop}}]
current-context: x
"""
