"""`make node`: a control plane with one real Node to play with, and podtailor in front of it.

Containers run, cgroups change. The Node is an emulated machine that reaches nothing but the control plane, so that
its containers are of the images that came with it.
"""

from __future__ import annotations

import sys
import threading
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from certs.files import issue_to
from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.demo import say, until_interrupted
from tests.e2e.kubelet import emptied
from tests.e2e.node.containers import BUSYBOX
from tests.e2e.node.egress import Egress
from tests.e2e.node.node import Node
from tests.e2e.webhook import Webhook
from tests.support.server import HOSTS

FOLDER = Path("build/node")


def main() -> None:
    folder = emptied(FOLDER.resolve())
    with ExitStack() as running:
        running.enter_context(until_interrupted())
        say("starting etcd, API server, controller manager and scheduler")
        egress = running.enter_context(Egress(folder))
        cluster = running.enter_context(ControlPlane(folder, *egress.flags, kwok=False))
        cluster.install_policies()
        say("starting podtailor")
        issue_to(folder, HOSTS, datetime.now(UTC), timedelta(days=30))
        webhook = Webhook(cluster, folder, "--from-cluster", f"--kubeconfig={cluster.kubeconfig}")
        running.callback(webhook.stop)
        webhook.register()
        say("starting the Node: half a minute, or several on a busy machine")
        running.enter_context(Node(cluster, folder / "node"))
        guide = _GUIDE.format(
            kubeconfig=cluster.kubeconfig,
            kubectl=cluster.kubectl_path,
            podtailor=Path(sys.executable).parent / "podtailor",
            image=BUSYBOX,
            folder=FOLDER,
        )
        print(guide, flush=True)
        threading.Event().wait()


_GUIDE = """
Everything runs. In another terminal:

  export KUBECONFIG={kubeconfig}
  alias kubectl={kubectl}

  alias podtailor={podtailor}

  kubectl get nodes -o wide
  kubectl apply -f examples/running/workloads.yaml
  kubectl rollout status deployment/web --timeout=10m
  kubectl exec deployment/web -- cat /sys/fs/cgroup/cpu.max /sys/fs/cgroup/memory.max
  podtailor resize deployment/web --cpu 200m:500m --memory :256Mi --settle 5
  podtailor resize deployment/web --cpu 200m:500m --memory :256Mi --settle 5 --apply
  kubectl exec deployment/web -- cat /sys/fs/cgroup/cpu.max /sys/fs/cgroup/memory.max
  kubectl get pods                                          # the same Pods, no restart
  podtailor resize deployment/web --settle 5 --apply        # and back
  kubectl apply -f examples/policies/models.yaml            # a policy of your own

{image} is the only image. What podtailor says is in {folder}/podtailor.log, what the kubelet says
in {folder}/node/kubelet.log.

Ctrl-C ends it."""

if __name__ == "__main__":
    main()
