"""Why something was left out, in the words of `explain` and of docs/reference.md."""

from __future__ import annotations

from webhook.model.draft import Reason

REASONS = {
    Reason.KEPT: "the Pod has a value of its own",
    Reason.SKIP_CONTAINERS: "the Pod's annotation skip-containers names it",
    Reason.INIT_CONTAINER: "it is an init container",
    Reason.RESTART_POLICY_NEVER: "RestartContainer is for what restarts, and this never does",
    Reason.NODE_AFFINITY: "a required nodeAffinity term decides about this key",
    Reason.NODE_NAME: "spec.nodeName has placed it already",
    Reason.DAEMON_SET: "a DaemonSet's controller plans from the template, its Pods must fit every Node",
    Reason.POD_LEVEL_RESOURCES: "spec.resources sizes the Pod as a whole",
    Reason.GUARANTEED_UNREACHABLE: "a value that is there, or one that is missing, keeps it from Guaranteed",
    Reason.NO_ROOM: "no value fits",
    Reason.NAMESPACE: "an annotation of the namespace says otherwise",
    Reason.KUBERNETES: "this API server is older than 1.33 and resizes nothing in place",
    Reason.QUOTA: "a ResourceQuota of the namespace could refuse the Pod with it",
    Reason.APPLIED: "the Pod was applied with this list, and could not be applied again if it had grown",
    Reason.WORKLOAD_PARTITIONING: "OpenShift manages the CPU of this Pod",
    Reason.SEQUENTIAL: "the steps of a TaskRun run one after the other, and each would request for all",
    Reason.NEED_UNKNOWN: "a virtual machine, a resource claim or a volume in memory may need more",
}
