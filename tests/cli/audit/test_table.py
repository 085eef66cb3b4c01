"""The audit as a table, with diffs."""

from __future__ import annotations

import json
from pathlib import Path

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


def test_many_owners_without_changes_are_counted_and_only_wide_lists_them(run: Run) -> None:
    pods = "---\n".join(
        f"{{apiVersion: v1, kind: Pod, metadata: {{name: p{index}, namespace: kube-system}}, spec: {{containers: [{{name: a}}]}}}}\n"
        for index in range(21)
    )
    done = run("audit", "-f", "-", stdin=pods)
    assert "  skipped          21 owners                  21 excluded-namespace\n" in done.out
    assert "FINDING" not in done.out
    assert done.out.endswith("21 owners without changes are not listed: -o wide lists them.\n")
    assert run("audit", "-f", "-", "-o", "wide", stdin=pods).out.count("pod/p") == 21


CONFLICTING = """
apiVersion: podtailor.dev/v1alpha1
kind: ClusterWorkloadPolicy
metadata: {name: %s}
spec:
  priority: %s
  resources: {limits: [{type: Container, defaultRequest: {memory: %s}}]}
"""


def test_a_conflict_has_both_values_and_policies(run: Run, tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(
        "---".join(CONFLICTING % each for each in (("gpu", 2, "8Gi"), ("tenant", 1, "4Gi")))
    )
    for output in ("table", "wide"):
        out = run("audit", "-f", "examples/general.yaml", "-p", str(tmp_path), "-o", output).out
        assert "app:requests.memory: gpu 8Gi, tenant 4Gi" in out
    (line, _) = run(
        "audit", "-f", "examples/general.yaml", "-p", str(tmp_path), "-o", "json"
    ).out.splitlines()
    conflicts = [each for each in json.loads(line)["items"] if each["finding"] == "conflict"]
    assert [(each["policy"], each["value"], each["winner"], each["winningValue"]) for each in conflicts] == [
        ("tenant", "4Gi", "gpu", "8Gi")
    ] * len(conflicts)
    page = run("audit", "-f", "examples/general.yaml", "-p", str(tmp_path), "-o", "html").out
    assert "app:requests.memory: gpu 8Gi, tenant 4Gi" in page


def test_help_explains_each_column(run: Run) -> None:
    page = run("audit", "--help").out
    for title in ("FINDING", "NAMESPACE", "OWNER", "PODS", "WHAT", "POLICIES", "TYPES", "QOS CLASS", "PLACE"):
        assert f"\n    {title:<9}  " in page
    assert "live Pods with this finding / all live Pods of the owner" in page
