"""`podtailor explain` on manifests."""

from __future__ import annotations

from tests.cli.conftest import Run


def test_nothing_to_explain(run: Run) -> None:
    done = run("explain", "-f", "-", stdin="kind: Service\n")
    assert (done.code, done.err) == (2, "error: the input has no Pods and no Pod templates [no-pods]\n")
