"""The audit as a table, with diffs."""

from __future__ import annotations

from tests.cli.conftest import Run


def test_table_counts_first_then_names(run: Run) -> None:
    done = run("audit", "-f", "examples")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == "5 of 6 owners would change: +4.7 CPU, +10 GiB; 1 more without effect."
    assert "  would-change     6 owners                   1 without effect" in lines
    assert any(line.startswith("would-change  default    statefulset/orders ") for line in lines)
    assert lines[-1].split() == [
        "would-change", "default", "daemonset/log-agent", "without", "effect:", "resizePolicy", "general"
    ]  # fmt: skip


def test_diff_is_of_each_object(run: Run) -> None:
    out = run("audit", "-f", "examples/stateful.yaml", "--diff").out
    assert "\nStatefulSet default/orders\n" in out
    assert "\n+      memory: 1Gi\n" in out
