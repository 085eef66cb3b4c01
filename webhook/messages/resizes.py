"""Why `podtailor resize` refuses a Pod, what it notes, and what became of a resize."""

from __future__ import annotations

from webhook.messages.message import Message

RESIZE_REFUSALS = (
    Message(
        "not-resizable",
        "this Pod cannot be resized",
        "It is being deleted, is a static Pod, or runs on Windows.",
        "Name other Pods. Static Pods are changed by their file on the Node.",
    ),
    Message(
        "unknown-version",
        "nothing says which Kubernetes this is",
        "Neither `/version` of the API server nor the Node of the Pod gives a version, and what can be resized depends on it.",
        "Ask for the role `podtailor-node-reader`, which may read Nodes.",
    ),
    Message(
        "needs-newer-kubernetes",
        "this version of Kubernetes cannot resize that",
        "The older of the API server and the kubelet of the Pod's Node decides. Kubernetes 1.33 resizes containers, 1.34 lowers memory limits, 1.36 resizes init containers and Pods with Pod-level resources, 1.37 containers with resource claims.",
        "Change the template, whose rollout replaces the Pods.",
    ),
    Message(
        "qos-class",
        "its QoS class would change",
        "A resize keeps the QoS class of a Pod. A Guaranteed Pod needs requests that equal its limits, and a BestEffort Pod can have none.",
        "For a Guaranteed Pod write `:=` after the request, as in `--memory 2Gi:=`. For another class change the template.",
    ),
    Message(
        "request-above-limit",
        "the request would be above the limit",
        "A container may not request more than its limit.",
        "Give both, as in `--cpu 500m:1`.",
    ),
    Message(
        "limit-of-nothing",
        "a limit of 0 is none",
        "To a kubelet a limit of 0 is no limit, and a limit cannot be taken away from a Pod that runs.",
        "Give a limit, as in `--memory 64Mi:64Mi`. A request of 0 is possible: `--cpu 0`.",
    ),
    Message(
        "no-present-value",
        "there is no value that could be multiplied",
        "A size such as `+20%`, `x1.5` or `=` starts from what the container has, and it has no such request or limit.",
        "Give a quantity, such as `500m`.",
    ),
    Message(
        "would-restart",
        "its containers would restart",
        "The `resizePolicy` of a container has `RestartContainer` for what is resized. One such entry is enough.",
        "`--allow-restart` resizes all the same, one Pod after the other, and waits until each is Ready and its PodDisruptionBudget allows the next.",
    ),
    Message(
        "below-usage",
        "it uses more memory than the new limit leaves",
        "A memory limit is lowered only if the container uses well below it, by default the limit divided by 1.2. A kubelet refuses a limit below what is in use, page cache included, and a limit just above it gets the container killed soon.",
        "Choose a higher limit. `--margin` changes the factor; 0 does not ask what is in use.",
    ),
    Message(
        "unknown-usage",
        "what the container uses is not known",
        "Neither the kubelet, through `nodes/proxy`, nor the metrics API, nor the server of `--prometheus` says how much memory the container uses, so a lower limit may get it killed.",
        "Name a server with `--prometheus`, install metrics-server, or ask for the role `podtailor-kubelet-reader`. `--margin 0` does not ask.",
    ),
    Message(
        "sized-at-start",
        "its process decides at its start how much it uses",
        "A JVM, Node.js, MongoDB or a process on a GPU takes its memory at its start: with a lower limit it may be killed, and of a higher one it makes no use before it starts again.",
        "Set `RestartContainer` for memory in the policy or the template, so that a resize restarts it. For a lower limit `--allow-restart` accepts that it may be killed.",
    ),
    Message(
        "node-too-small",
        "it never fits on its Node",
        "The Pod alone would request more than its Node can give to Pods, so waiting does not help.",
        "Choose a smaller size, or change the template, so that a new Pod is scheduled on a larger Node.",
    ),
    Message(
        "node-full",
        "its Node has no room for it",
        "The requests of all Pods on the Node and what is added exceed what the Node can give. A resize that waits counts already, so it keeps new Pods off the Node.",
        "Make room on the Node, or delete the Pod so that it is scheduled elsewhere. `--on-deferred wait` resizes all the same and waits.",
    ),
    Message(
        "api-server",
        "the API server refuses it",
        "The text is the API server's own answer, to a dry run or to the resize: a LimitRange, a ResourceQuota, a policy, or its validation.",
        "Change what the answer names.",
    ),
    Message(
        "rollout",
        "its owner replaces Pods at the moment",
        "A rollout is under way, so Pods come and go, and the new ones have the size of the template.",
        "Wait for it: `kubectl rollout status` of the owner says when it is done.",
    ),
    Message(
        "hpa",
        "a HorizontalPodAutoscaler scales on this request",
        "It compares usage with the request, so it scales at once when the request changes: a higher request takes replicas away, a lower one adds some.",
        "Set the target that is named, which keeps the number of replicas, and give `--with-hpa`.",
    ),
    Message(
        "unknown-autoscalers",
        "whether an autoscaler reacts is unknown",
        "You may not list HorizontalPodAutoscalers or VerticalPodAutoscalers in this namespace, and one that scales on requests would react at once.",
        "Ask for the role `podtailor-resizer`. If you know that there is none, give `--with-hpa`.",
    ),
    Message(
        "vpa",
        "a VerticalPodAutoscaler controls this container",
        "Its updater would put its own values back within minutes.",
        "Change its `minAllowed` and `maxAllowed`, or its mode to `Off` or `Initial`.",
    ),
    Message(
        "disruption-budget",
        "a PodDisruptionBudget allows no restart now",
        "The resize restarts the container, and the budget that covers the Pod is at its limit.",
        "Wait until more Pods are Ready, then go on with the command in the line `hint:`.",
    ),
)

TEMPLATE_REFUSALS = (
    Message(
        "template-has-another-writer",
        "something else writes the template",
        "Argo CD, Flux, Helm, an operator or another program has written the template, or manages its object, and may put the old one back. That is a rollout: all Pods are made again.",
        "Change the values where that program reads them. If nothing writes the template any more, `--i-own-the-template` changes it all the same.",
    ),
    Message(
        "template-immutable",
        "the template of a Job cannot be changed",
        "The API server refuses another template for a Job. Its running Pods can be resized; Pods that it makes again have the old values.",
        "Leave out `--template=in-step`, and change what makes the Job.",
    ),
    Message(
        "unknown-controller",
        "how this controller replaces Pods is not known",
        "`--template=in-step` relies on how the built-in controllers compare templates. For another kind only its Pods can be resized.",
        "Leave out `--template=in-step`, and change the template as its operator requires.",
    ),
    Message(
        "template-paused",
        "the rollout is paused",
        "A Deployment is paused while its template is changed, and resumed afterwards. This one is paused already, and to resume it could replace Pods.",
        "`kubectl rollout resume`, then run the command again.",
    ),
    Message(
        "template-of-an-earlier-revision",
        "an earlier revision has this very template",
        "A Deployment takes the oldest ReplicaSet with its template for the current one. One of an earlier rollout has the new values already, so the Deployment would move all Pods to it.",
        "Delete that ReplicaSet with the command in the message: it has no Pods.",
    ),
    Message(
        "template-refused",
        "the API server refuses to change it",
        "Before a Pod is resized, the requests that follow are tried as dry runs: for the owner, and for its ReplicaSet or a label of a Pod. The text is the API server's own answer: you may not do that, or a policy forbids it.",
        "Ask for the role `podtailor-template-resizer`, or leave out `--template=in-step`.",
    ),
    Message(
        "pods-differ",
        "the Pods would get different values",
        "A relative size, such as `+20%`, gives Pods of different sizes different values, and a template has one value for all.",
        "Give a quantity, such as `500m`.",
    ),
)

TEMPLATE_STATES = (
    Message(
        "template-held",
        "a run with --template=in-step has not ended",
        "While template and Pods are changed, a Deployment is paused, and a StatefulSet or DaemonSet replaces only Pods that are deleted. A run was interrupted there.",
        "Go on with the command in the line `hint:`. If that is lost, give the sizes of the template with `--template=in-step`.",
    ),
    Message(
        "template-changed",
        "the template was changed while it was held",
        "Something else has changed more than CPU and memory of the template meanwhile, so its Pods have to be replaced, and that is for you to begin.",
        "The command in the line `hint:` lets the controller replace them.",
    ),
    Message(
        "template-not-changed",
        "a request for the template has failed",
        "The Pods are resized, and the API server has refused what follows, or has not answered within `--timeout`. The message says whether the owner is still held.",
        "Do what the message says, then go on with the command in the line `hint:`.",
    ),
)

RESIZE_NOTES = (
    Message(
        "not-running",
        "this Pod is not on a Node yet",
        "No kubelet has it yet, so there is nothing to resize. It is left out, the other Pods are resized, and the exit code is 1.",
        "Run the command again once it runs: `kubectl describe pod` says what it waits for.",
    ),
    Message(
        "gone",
        "this Pod has ended or was deleted",
        "It is left out, and the other Pods are resized. A Pod that its controller makes in its place has the size of the template.",
        "Nothing has to be done for this Pod.",
    ),
    Message(
        "stays",
        "a value that is added cannot be removed again",
        "Kubernetes refuses to remove a request or limit from a running Pod, so no way back takes it away.",
        "If you are not sure, change values that are there, and leave what is not.",
    ),
    Message(
        "no-way-back",
        "what the Pod has now could not be restored",
        "If the resize is taken back, the API server refuses to restore this value: beside a limit that is added and stays, or because Kubernetes 1.33 lowers no memory limit.",
        "If you are not sure of the size, try it on one Pod that you can delete.",
    ),
    Message(
        "throttles",
        "the CPU limit is near what the container uses",
        "At its CPU limit a container is throttled: it becomes slower, and is not killed.",
        "Choose a higher limit, or none in the template.",
    ),
    Message(
        "without-page-cache",
        "memory is measured without the page cache",
        "The metrics API leaves the page cache out, and the kubelet counts it: a lower limit may still be refused, and is then taken back.",
        "The role `podtailor-kubelet-reader` may ask the kubelet itself ([permissions](security.md#permissions-of-users)).",
    ),
    Message(
        "crash-loop",
        "it is OOMKilled again and again",
        "Kubelets may keep the old limit of a Pod whose container is in CrashLoopBackOff, so that a resize does not rescue it.",
        "If it stays, change the template or the policy, and delete the Pod.",
    ),
)

RESIZE_RESULTS = (
    Message(
        "deferred",
        "the Node has no room yet",
        "The kubelet resizes the Pod as soon as other Pods leave the Node, and counts what it asks for already.",
        "Wait, delete other Pods, or go back with the command in the line `hint:`. `--on-deferred revert` goes back by itself.",
    ),
    Message(
        "infeasible",
        "its Node can never do it",
        "The Pod asks for more than the Node has, or for CPUs that the Node pins. The kubelet does not try it again.",
        "The Pod has its old values again unless `--on-infeasible keep` was given. Delete it so that it is scheduled on another Node.",
    ),
    Message(
        "kubelet-error",
        "the kubelet has failed to resize it",
        "If the memory in use is above the new limit, only the process can change that. After any other error the kubelet tries again, until `--timeout` ends.",
        "The Pod has its old values again unless `--on-infeasible keep` was given. Choose a higher limit, or look at its Node.",
    ),
    Message(
        "harm",
        "a resized Pod has restarted or is not Ready",
        "Within the time of `--settle` a container restarted, was OOMKilled, or a Pod failed or was no longer Ready. All Pods of the batch that were still watched, or had not got their values yet, have their old ones again.",
        "Read the log of the container: `kubectl logs --previous`. Then choose another size.",
    ),
    Message(
        "stopped",
        "the run has stopped before this Pod",
        "Another Pod was not resized as planned, so the others stay as they are.",
        "Look at that Pod, then go on with the command in the line `hint:`: a relative size, such as `+20%`, would be added once more.",
    ),
    Message(
        "timed-out",
        "the kubelet does not answer in time",
        "Within `--timeout` the kubelet has not said that it is done. The Pod has its new values. A kubelet that says nothing is down, older than 1.33, or has in-place resize off.",
        "Look at its Node. The line `hint:` has the command that goes back.",
    ),
    Message(
        "interrupted",
        "the run was interrupted while this Pod changed",
        "The request was sent, or was about to be. Its kubelet may have done it or not.",
        "The lines `hint:` have the commands that go on and that go back.",
    ),
    Message(
        "changed-meanwhile",
        "something else has resized the Pod during the run",
        "The Pod has neither its old values nor those that were asked for, so nothing more is done with it.",
        "Find out what it is: `kubectl get pod NAME -o yaml --show-managed-fields` names who wrote last. It may be a VerticalPodAutoscaler.",
    ),
    Message(
        "new-pod",
        "this Pod was made during the run",
        "Its owner made it while the others were resized, with the size of the template.",
        "The line `hint:` has the command that resizes it too. For the next ones change the template, as `--template` says.",
    ),
)
