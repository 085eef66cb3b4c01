"""A cluster without podtailor's custom resource definitions, and one that gets or loses them."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.controlplane.cluster import ControlPlane
from tests.support.pods import pod
from tests.support.processes import eventually
from tests.support.server import Server

POLICY = """\
apiVersion: podtailor.dev/v1alpha1
kind: ClusterWorkloadPolicy
metadata: {name: late}
spec:
  tolerations: [{key: late, operator: Exists}]
"""


def test_replica_serves_what_there_is(cluster: ControlPlane, tmp_path: Path) -> None:
    cluster.kubectl("delete", "-k", "manifests/crds", "--ignore-not-found")
    server = Server(tmp_path, "--from-cluster", f"--kubeconfig={cluster.kubeconfig}")
    try:
        eventually("it is ready", lambda: server.health("/readyz")[0] == 200)
        assert "patch" in server.review(pod()), "the built-in policies are in force"
        assert server.wait_for_log("the API server does not serve this kind: there are none")["kind"]
        cluster.install_policies()
        cluster.kubectl("apply", "-f", "-", stdin=POLICY)
        known = 'podtailor_informer_synced{kind="clusterworkloadpolicies"}'
        eventually("the definition is known", lambda: server.metric(known) == 1)
        enforced = 'podtailor_policies{state="enforce"}'
        eventually("the policy is in force", lambda: server.metric(enforced) == 5)
        cluster.kubectl("delete", "-k", "manifests/crds")
        eventually("its policies have gone", lambda: server.metric(enforced) == 4)
        eventually("and the definition", lambda: server.metric(known) == 0)
        assert server.health("/readyz")[0] == 200
        assert "patch" in server.review(pod())
    finally:
        assert server.stop() == 0
