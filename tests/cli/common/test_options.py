"""Options that several commands parse."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Run
from webhook.cli.common.options import parse_controllers
from webhook.errors import InputError


def test_template_stands_where_it_is_said() -> None:
    flags = ["Rollout.v1alpha1.argoproj.io=spec.template", "X.v1.x.io=spec.a", "X.v1.x.io=spec.*.b"]
    assert parse_controllers(flags) == {
        ("argoproj.io/v1alpha1", "Rollout"): (("spec", "template"),),
        ("x.io/v1", "X"): (("spec", "a"), ("spec", "*", "b")),
    }
    with pytest.raises(InputError, match="write it like"):
        parse_controllers(["Rollout.argoproj.io=spec.template"])


# Before 1.34 the API server drops the sizes of the Pod as a whole.
POD = """
{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {
  resources: {requests: {cpu: 500m}, limits: {memory: 1Gi}}, containers: [{name: app, image: a}]}}
"""


@pytest.mark.parametrize("verb", ["mutate", "explain", "audit"])
def test_version_of_kubernetes_decides(run: Run, monkeypatch: pytest.MonkeyPatch, verb: str) -> None:
    def is_sized(*flags: str) -> bool:
        done = run(verb, "-f", "-", "-o", "json", *flags, stdin=POD)
        assert (done.code, done.err) == (0, "")
        return "256Mi" in done.out

    assert not is_sized(), "unknown"
    assert is_sized("--kubernetes-version", "1.33")
    assert not is_sized("--kubernetes-version=v1.34.4")
    monkeypatch.setenv("PODTAILOR_KUBERNETES_VERSION", "1.33")
    assert is_sized()


@pytest.mark.parametrize("verb", ["mutate", "explain", "audit", "serve"])
def test_version_of_kubernetes_that_is_none_is_refused(run: Run, verb: str) -> None:
    done = run(verb, "--kubernetes-version", "latest")
    assert (done.code, done.out) == (2, "")
    assert "latest: write a version from 1.33 on, as in 1.37 or v1.37.2" in " ".join(done.err.split())
