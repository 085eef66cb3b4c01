"""Flags of `podtailor recommend` that do not go together."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Run


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ((), "name one source of usage: --prometheus, --usage, --vpa or --metrics-api"),
        (("--usage", "a", "--vpa"), "name one source of usage"),
        (("--usage", "a", "--header", "a:b"), "--header, --bearer-file, --ca-file and --cluster-label are for"),
        (("--usage", "a", "--write", "manifests"), "--write manifests writes into files: name them with -f"),
        (("examples/general.yaml", "--usage", "a"), "examples/general.yaml: not an object of a cluster [wrong-usage]\nhint: for manifests write -f examples/general.yaml"),
        (("-", "--usage", "a"), "-: not an object of a cluster [wrong-usage]\nhint: for manifests write -f -"),
        (("-f", "x.yaml", "--usage", "a", "-l", "a=b"), "-f names manifests: omit objects of the cluster, -l and -A"),
        (("--usage", "a", "--write", "patch", "-o", "json"), "--write patch is its own output: omit -o"),
        (("--usage", "a", "--write", "patch", "--with-hpa"), "--write writes no target of a HorizontalPodAutoscaler"),
        (("--usage", "a", "--write", "patch", "--apply"), "--apply writes WorkloadPolicies into a cluster"),
        (("--usage", "a", "--cpu-quantile", "0.99"), "--cpu-quantile is for --prometheus: usage of --usage has its own"),
        (("--vpa", "--window", "1d"), "--window is for --prometheus: usage of --vpa has its own"),
        (("--metrics-api", "--step", "1m"), "--step is for --prometheus: usage of --metrics-api has its own"),
        (("--prometheus", "http://localhost:1", "--cluster-label", "x"), "--cluster-label x: write NAME=VALUE"),
    ],
)  # fmt: skip
def test_wrong_usage(run: Run, flags: tuple[str, ...], message: str) -> None:
    done = run("recommend", *flags)
    assert done.code == 2
    assert message in done.err
