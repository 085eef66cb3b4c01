"""What admission says about a Pod: why it is exempt, why a value was skipped, and warnings.

Names are the reasons of `model.notice.Notice` and `model.draft.Reason`, and labels of `podtailor_skips_total`.
"""

from __future__ import annotations

from webhook.messages.message import Message

EXEMPTIONS = (
    Message(
        "excluded-namespace",
        "its namespace runs the cluster, or podtailor itself",
        "Pods of `kube-system`, `kube-node-lease`, `kube-public` and podtailor's own namespace are never changed, so that a cluster can always start.",
        "Run the workload in another namespace if it should be tailored.",
    ),
    Message(
        "namespace-opted-out",
        "its namespace opts out",
        "The namespace has the label `podtailor.dev/injection` with another value than `enabled`. An unknown value opts out too, to be safe.",
        "`kubectl label namespace NAME podtailor.dev/injection=enabled --overwrite` includes it again.",
    ),
    Message(
        "opted-out",
        "the Pod opts out",
        "The Pod has the label or annotation `podtailor.dev/injection` with another value than `enabled`.",
        "Remove it from the Pod template if the Pods should be tailored.",
    ),
    Message(
        "mirror-pod",
        "the kubelet runs it from a file",
        "It is a mirror Pod of a static Pod: the kubelet runs it from a file and ignores changes made in the API.",
        "Change the file on the Node, usually below `/etc/kubernetes/manifests`.",
    ),
    Message(
        "windows",
        "it may run on Windows",
        "Windows Pods cannot be resized in place, and their resources have other semantics. `spec.os`, a node selector or a required node affinity says that this Pod may run there.",
        "If it only runs on Linux, set `spec.os.name: linux` and the node selector `kubernetes.io/os: linux`.",
    ),
    Message(
        "critical-priority",
        "a cluster needs it to run",
        "The Pod has the priority class `system-node-critical` or `system-cluster-critical`. A cluster must be able to start such Pods whatever a policy says.",
        "Set its resources in its own manifest.",
    ),
    Message(
        "too-large",
        "it has more parts than podtailor reviews",
        "The Pod has more than 1,000 parts, where each container counts as four and each resource and toleration as one, or more text than a review may decode. A bound keeps one Pod from holding up all others.",
        "Set its resources in its own manifest, or split it.",
    ),
    Message(
        "mode-off",
        "the mode of its namespace is off",
        "The namespace has the label `podtailor.dev/mode: off`, or the server runs with `--mode off`, which overrides every label.",
        "`kubectl label namespace NAME podtailor.dev/mode=audit --overwrite` reports what would change, `enforce` changes it.",
    ),
    Message(
        "not-selected",
        "the webhook configuration does not select it",
        "The API server does not send this Pod to podtailor: the selectors of the webhook configuration exclude its namespace or its labels, as when namespaces have to opt in.",
        "`kubectl label namespace NAME podtailor.dev/injection=enabled` includes a namespace where opt-in is installed.",
    ),
    Message(
        "no-policy",
        "no policy matches",
        "No policy matches the Pod, and no built-in policy is in force that would.",
        "`podtailor explain -f FILE`, or in a cluster `podtailor explain deployment/NAME` or `pod/NAME`, gives the first clause of each policy that does not match.",
    ),
    Message(
        "not-a-pod-create",
        "the request is not the creation of a Pod",
        "The API server sent something else than the creation of a Pod. podtailor allows it unchanged.",
        "Compare the rules of the webhook configuration with the manifests: they should select CREATE of Pods only.",
    ),
)

SKIPS = (
    Message(
        "kept",
        "the Pod has its own value",
        "podtailor never overwrites a value that the Pod has. A value from LimitRanger counts as the Pod's own.",
        "If the policy should decide, remove the value from the Pod template, or the default from the LimitRange.",
    ),
    Message(
        "skip-containers",
        "the annotation skip-containers names this container",
        "The Pod's annotation `podtailor.dev/skip-containers` names this container, so nothing in it is changed.",
        "Remove the name from the annotation in the Pod template if the container should be tailored.",
    ),
    Message(
        "init-container",
        "it is an init container",
        "Init containers have no `resizePolicy`, and built-in policies set requests of regular containers only.",
        "Set the value in the manifest, or in a policy of your own that names the container.",
    ),
    Message(
        "restart-policy-never",
        "the container never restarts",
        "`RestartContainer` needs a container that restarts, and the restart policy of this one is `Never`. The API server would refuse the Pod.",
        "Use `NotRequired` for such Pods in a policy that selects them.",
    ),
    Message(
        "node-affinity",
        "the Pod's own node affinity decides about this key",
        "A term of the Pod's nodeAffinity names the same label, or its required terms match no Node at all: both together could leave no Node to run on. Or it has more than 32 required terms, and a requirement would go into each.",
        "Remove the term from the Pod template if the policy should decide.",
    ),
    Message(
        "node-name",
        "spec.nodeName already assigns the Pod to a Node",
        "The Pod is assigned to a Node before admission. A request that does not fit there, or a selector that does not match, would make the kubelet refuse it.",
        "Leave `spec.nodeName` to the scheduler if the Pod should be tailored.",
    ),
    Message(
        "daemonset",
        "Pods of a DaemonSet must fit every Node",
        "The DaemonSet controller plans with its template, which podtailor does not change: a selector would make it create Pods that fail, and requests may not fit full Nodes.",
        "Set the value in the template of the DaemonSet.",
    ),
    Message(
        "pod-level-resources",
        "spec.resources sizes the Pod as a whole",
        "The Pod sets resources for all its containers together in `spec.resources`, so values for single containers are left to it.",
        "There is nothing to do. Remove `spec.resources` if the policy should size the containers.",
    ),
    Message(
        "guaranteed-unreachable",
        "an existing or missing value rules out Guaranteed",
        "The QoS class Guaranteed needs equal requests and limits of CPU and memory in every container. A value that is there, or one that nothing gives, rules that out, so nothing is set for it.",
        "`podtailor explain -f FILE`, or in a cluster `podtailor explain deployment/NAME` or `pod/NAME`, shows the values: set both, or neither, in the manifest.",
    ),
    Message(
        "no-room",
        "no value satisfies all bounds",
        "No value lies within all bounds of the policies, the LimitRanges of the namespace and the Pod's own values. Any would make the API server refuse the Pod.",
        "`kubectl get limitrange --namespace NAMESPACE --output yaml` and `podtailor policies list` show the bounds: widen one, or set the value in the manifest.",
    ),
    Message(
        "quota",
        "a ResourceQuota could reject the Pod with it",
        "A ResourceQuota of the namespace counts this resource, or only Pods of one QoS class, and could reject the Pod with the value.",
        "`kubectl describe quota --namespace NAMESPACE` shows it. Set the value in the manifest if it fits.",
    ),
    Message(
        "namespace",
        "an annotation of the namespace does not allow it",
        "PodNodeSelector or PodTolerationRestriction, two admission plugins, would refuse the Pod: an annotation of the namespace sets another selector, or does not allow the toleration.",
        "`kubectl get namespace NAME --output yaml` shows the annotation `scheduler.alpha.kubernetes.io/…`.",
    ),
    Message(
        "kubernetes",
        "the API server cannot resize Pods in place",
        "This API server is older than Kubernetes 1.33, where `resizePolicy` has no effect or is refused.",
        "Upgrade the cluster. Everything else is set as usual.",
    ),
    Message(
        "applied",
        "the Pod could not be applied again with a longer list",
        "The Pod was created by `kubectl apply` with a list of its own. Kubernetes allows no change of such a list later, so the next apply of the same manifest would be refused.",
        "Add the entry to the manifest.",
    ),
    Message(
        "workload-partitioning",
        "OpenShift manages the CPU of this Pod",
        "The Pod has the annotation of OpenShift's workload partitioning, which replaces its CPU requests.",
        "There is nothing to do.",
    ),
    Message(
        "sequential",
        "steps run one at a time, but requests would add up",
        "Steps of a Tekton TaskRun run one after the other in containers of one Pod, so a request for each would reserve their sum.",
        "Set `computeResources` in the TaskRun.",
    ),
    Message(
        "need-unknown",
        "it may need more than the policy would allow it",
        "A virtual machine, a resource claim or a volume in memory may use more than the container says, and a limit would end it.",
        "Set the limit in the manifest if you know what it needs.",
    ),
)

WARNINGS = (
    Message(
        "unknown-key",
        "podtailor does not read this label or annotation",
        "A label or annotation begins with `podtailor.dev/` and is none that podtailor reads there: it is misspelt, or in the wrong place. It has no effect, except that an annotation `podtailor.dev/injection` opts out.",
        "The warning says what was probably meant: correct the key in the manifest.",
    ),
    Message(
        "unknown-injection",
        "the value is neither enabled nor disabled",
        "`podtailor.dev/injection` has another value than `enabled` or `disabled`. It counts as `disabled`, because an opt-out that is misspelt must hold.",
        "Write `enabled` or `disabled`.",
    ),
    Message(
        "unknown-mode",
        "the value is not enforce, audit or off",
        "The namespace label `podtailor.dev/mode` has an unknown value. It counts as `audit`: changes are reported, and not made.",
        "`kubectl label namespace NAME podtailor.dev/mode=enforce --overwrite`, or `audit`, or `off`.",
    ),
    Message(
        "unknown-workload-type",
        "a word is no workload type",
        "`podtailor.dev/workload-type` or `podtailor.dev/default-workload-type` has a word that is not `gpu`, `stateful`, `arm64` or `general`. The word is dropped; if none is left, the type is detected.",
        "Correct the value; several types are joined by dots, as in `gpu.arm64`.",
    ),
    Message(
        "unknown-container",
        "skip-containers names a container that is not there",
        "The annotation `podtailor.dev/skip-containers` names a container that the Pod does not have, so nothing is skipped for it.",
        "Correct the name in the Pod template.",
    ),
    Message(
        "misplaced-key",
        "the key is set on the controller, but read from Pods",
        "A label or annotation of podtailor is set on a Deployment or another controller, and podtailor reads it from the Pod.",
        "Move it to `spec.template.metadata`.",
    ),
    Message(
        "too-many-devices",
        "a container asks for more devices than is plausible",
        "A container requests more than 16 accelerators, so the number may not count whole devices. `perDevice` counts it as one.",
        "Set requests in the manifest if the container has that many devices.",
    ),
    Message(
        "unreadable-pod",
        "podtailor could not read the Pod",
        "podtailor could not decode a Pod that the API server has decoded, and left it unchanged. This is a defect of podtailor.",
        "Report it with the Pod's manifest. To spare the call until then, label the Pod `podtailor.dev/injection: disabled`.",
    ),
    Message(
        "unknown-namespace",
        "the watch had not delivered the namespace yet",
        "A Pod was created before the watch had delivered its new namespace, and it did not arrive within 200 ms. The namespace counted as unlabelled.",
        "There is nothing to do if it is rare. Otherwise look at `podtailor_snapshot_age_seconds` and the load of the API server.",
    ),
)
