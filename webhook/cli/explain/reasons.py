"""The reasons of skips as sentences: for `explain` and docs/reference.md."""

from __future__ import annotations

from webhook.model.draft import Reason

REASONS = {
    Reason.KEPT: "the Pod has its own value",
    Reason.SKIP_CONTAINERS: "the Pod's annotation skip-containers names it",
    Reason.INIT_CONTAINER: "it is an init container",
    Reason.RESTART_POLICY_NEVER: "RestartContainer needs a container that restarts, and this one never does",
    Reason.NODE_AFFINITY: "a required nodeAffinity term has a requirement for this key",
    Reason.NODE_NAME: "spec.nodeName already assigns the Pod to a Node",
    Reason.DAEMON_SET: "the DaemonSet controller plans with its template, and its Pods must fit every Node",
    Reason.POD_LEVEL_RESOURCES: "spec.resources sizes the Pod as a whole",
    Reason.GUARANTEED_UNREACHABLE: "an existing value, or a missing one, rules out Guaranteed",
    Reason.NO_ROOM: "no value satisfies all bounds",
    Reason.NAMESPACE: "an annotation of the namespace does not allow it",
    Reason.OLD_KUBERNETES: "this API server is older than 1.33 and cannot resize in place",
    Reason.QUOTA: "a ResourceQuota of the namespace could reject the Pod with it",
    Reason.APPLIED: "the Pod was applied with this list, and could not be applied again if the list grew",
    Reason.WORKLOAD_PARTITIONING: "OpenShift manages the CPU of this Pod",
    Reason.SEQUENTIAL: "the steps of a TaskRun run one at a time, but their requests would add up",
    Reason.NEED_UNKNOWN: "a virtual machine, a resource claim or a volume in memory may need more",
}
