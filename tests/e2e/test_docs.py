"""The pages for a cluster, every command in its order, as somebody reads them for the first time."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.controlplane.build import VERSION, binary, minor
from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.kubelet import Kubelet
from tests.support.pages import Step, output, steps
from tests.support.processes import eventually

pytestmark = pytest.mark.lets_pods_through

STEPS = [step for step in steps() if step.needs_a_cluster]
ON_CLUSTER = [
    Path("docs/install.md"),
    Path("docs/policies.md"),
    Path("docs/audit.md"),
    Path("docs/troubleshooting.md"),
    Path("docs/resize.md"),
    Path("docs/certificates.md"),
    Path("docs/failure-modes.md"),
    Path("docs/upgrade.md"),
    Path("docs/faq.md"),
    Path("docs/from-limitrange.md"),
    Path("docs/kind.md"),
    Path("docs/export.md"),
]
# Pages about what older versions of Kubernetes do not have.
FROM = {Path("docs/export.md"): 36}
# `make e2e-node` types the first on a real Node too; the second installs two versions.
LONG = {Path("docs/resize.md"), Path("docs/upgrade.md")}
TRUSTED = next(step.command for step in STEPS if step.command.startswith("kubectl wait --for=jsonpath"))


class Following(threading.Thread):
    """Runs what the cluster says, as a kubelet would, while somebody types."""

    def __init__(self, kubelet: Kubelet) -> None:
        super().__init__(daemon=True)
        self._kubelet = kubelet
        self.stopped = threading.Event()

    def run(self) -> None:
        while not self.stopped.wait(0.2):
            self._kubelet.try_sync()


@pytest.fixture(scope="module")
def environment(
    cluster: ControlPlane,  # noqa: ARG001 (the binaries are built)
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, str]]:
    """A cluster of its own, for the reader's is new too."""
    with ControlPlane(tmp_path_factory.mktemp("own")) as own:
        kubelet = Kubelet(own, tmp_path_factory.mktemp("kubelet"))
        following = Following(kubelet)
        following.start()
        try:
            yield {
                "KUBECONFIG": str(own.kubeconfig),
                "PATH": f"{binary('helm').parent}{os.pathsep}{own.path}",
            }
        finally:
            following.stopped.set()
            following.join()
            kubelet.stop()


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(
            page,
            marks=[
                pytest.mark.only_if(minor(VERSION) >= FROM.get(page, 0)),
                *([pytest.mark.soak] if page in LONG else []),
            ],
        )
        for page in ON_CLUSTER
    ],
    ids=str,
)
def test_commands_print_what_the_page_says(page: Path, environment: dict[str, str]) -> None:
    if page.stem != "install":  # whoever reads on has installed it
        print(output("kubectl apply --openapi-patch=false -k manifests/overlays/cluster-wide", **environment))
        print(output("kubectl wait --for=condition=Established crd --all --timeout=30s", **environment))
        print(output(TRUSTED, **environment))
    if page.stem == "export":  # other pages leave policies and LimitRanges with which nothing is exported
        kinds = "clusterworkloadpolicies,workloadpolicies,limitranges"
        print(output(f"kubectl delete {kinds} --all --all-namespaces", **environment))
    for step in STEPS:
        if step.page == page:
            _follow(step, environment)


def _follow(step: Step, environment: dict[str, str]) -> None:
    """What only looks may be looked at again: the API server hears of a change a moment later."""
    printed = ""

    def fits() -> bool:
        nonlocal printed
        printed = output(step.command, **environment)
        return step.fits(printed)

    looks = any(
        each in step.command for each in ("--dry-run", "kubectl get", "kubectl explain", "certs check")
    )
    try:
        eventually("the output is as the page says", fits, seconds=60 if looks else 0)
    except AssertionError:
        pytest.fail(f"$ {step.command}\n{printed}")


def test_no_page_is_forgotten() -> None:
    assert {step.page for step in STEPS} == set(ON_CLUSTER)
