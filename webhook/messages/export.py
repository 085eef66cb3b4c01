"""Why a policy is not exported, and what is said of policies that are."""

from __future__ import annotations

from webhook.messages.message import Message

REFUSALS = (
    Message(
        "exports-no-audit",
        "a MutatingAdmissionPolicy cannot only report",
        "The policy has mode Audit, or so has the server: it reports what it would change. A MutatingAdmissionPolicy changes Pods, or says nothing.",
        "Leave the policy to the webhook with `--partial`, or enforce it.",
    ),
    Message(
        "exports-no-denial",
        "a MutatingAdmissionPolicy refuses no Pod",
        "With `onViolation: Deny` the policy refuses Pods whose own values break its bounds. The API server has ValidatingAdmissionPolicies for that.",
        "Write `onViolation: Warn`, or leave the policy to the webhook with `--partial`.",
    ),
    Message(
        "exports-no-pod-bounds",
        "bounds of a whole Pod are not compiled",
        "An item of type Pod bounds the sums of a Pod's containers. What has no room in them would have to be left out policy by policy, which an expression of the API server cannot do at a bearable cost.",
        "Bound containers instead, with type Container, or leave the policy to the webhook with `--partial`.",
    ),
    Message(
        "exports-no-ratio",
        "maxLimitRequestRatio is not compiled",
        "The ratio of a limit to its request is not worked out in expressions of the API server.",
        "Set limits with `limitFactor` instead, or leave the policy to the webhook with `--partial`.",
    ),
    Message(
        "exports-no-platforms",
        "the API server knows no platforms of images",
        "The policy goes by what podtailor knows of images. An expression of the API server sees the Pod and its namespace, and nothing else.",
        "Match by image name or by label, or leave the policy to the webhook with `--partial`.",
    ),
    Message(
        "exports-no-seconds",
        "tolerationSeconds from 2^53 on are not exported",
        "The API server makes the patch as JSON of floating-point numbers, turns integers above 9007199254740991 into texts, and then refuses the Pod.",
        "Leave `tolerationSeconds` out: without it the taint is tolerated forever.",
    ),
    Message(
        "exports-no-amount",
        "its amounts cannot be computed by the API server",
        "An amount of the policy, times 16 devices or times its factor, is so large that the API server could not count with it. The error names it.",
        "Write an amount that a Node can have.",
    ),
    Message(
        "exports-too-much",
        "more than one MutatingAdmissionPolicy can hold",
        "The API server parses expressions of at most 100,000 characters, and all policies are one object, because several run in random order. The error says how many fit.",
        "Join policies that do the same, or leave the last ones to the webhook with `--partial`.",
    ),
    Message(
        "exports-nothing",
        "these policies set nothing",
        "None of the policies changes a Pod, or each is off or left out, so there is nothing that the API server could do.",
        "`podtailor policies list` with the same options shows what each policy sets.",
    ),
)
EXPORTED = (
    Message(
        "left-out",
        "this policy is not in what was exported",
        "With `--partial` policies that cannot be exported are left out, and what they would have set is set by a policy of lower precedence, or by none. The webhook beside it takes that for the Pod's own value: it does not set it again, and may refuse the Pod with `onViolation: Deny`.",
        "Export with `--partial` where the policies that are left out set nothing that others set; else keep the webhook, or change them. The warning says which field is in the way.",
    ),
    Message(
        "lost-by-export",
        "what the webhook does and an exported policy does not",
        "The API server applies the policies itself, without a report: no audit, no warnings, no metrics or log of podtailor, and no annotation `podtailor.dev/applied`. It does not look at ResourceQuotas, LimitRanges and the `tolerationsWhitelist` of a namespace.",
        "The table [which engine when](export.md#which-engine-when) compares both. Keep the webhook in namespaces that need what is lost.",
    ),
    Message(
        "older-kubernetes",
        "the API server has no MutatingAdmissionPolicy",
        "Kubernetes 1.36 is the first that serves MutatingAdmissionPolicy as `v1`. In older versions it is off unless somebody turned it on.",
        "Use the webhook ([install](install.md)), or upgrade the cluster first.",
    ),
    Message(
        "unseen-bounds",
        "a namespace has bounds that would not be seen",
        "A LimitRange of type Pod bounds the sums of a Pod. The webhook leaves out what has no room in them; an exported policy does not, and then the API server refuses the Pod.",
        "Opt the namespace out with the label `podtailor.dev/injection: disabled`, and leave it to nobody; or accept that with `--despite-limitranges`.",
    ),
    Message(
        "unseen-rules",
        "namespaces have rules that are not looked at",
        "A ResourceQuota by QoS class or for ephemeral-storage, a `tolerationsWhitelist`, or a LimitRange for containers: the webhook keeps within them, an exported policy does not know them, so Pods may be refused.",
        "Label these namespaces `podtailor.dev/injection: disabled`, or see that the policies fit into their rules.",
    ),
    Message(
        "not-exported",
        "nothing is applied under this name",
        "The cluster has no MutatingAdmissionPolicy of this name, or no binding for it, so no Pod is tailored by it.",
        "`podtailor export | kubectl apply --server-side -f -` with the same options applies both.",
    ),
    Message(
        "export-outdated",
        "what is applied was made from other policies",
        "The policies, their order, the options or the version of podtailor have changed since this was exported. The text names the policies.",
        "`podtailor export | kubectl apply --server-side -f -` with the same options replaces it.",
    ),
    Message(
        "export-edited",
        "somebody has changed what was exported",
        "The object says that it is made from these policies, and its spec is not what they compile to.",
        "Change the policies instead, and apply `podtailor export` again.",
    ),
    Message(
        "server-mode",
        "the server does not enforce by default",
        "The server that is installed runs with `--mode` Audit or Off, so the webhook changes Pods only in namespaces with the label `podtailor.dev/mode: enforce`. An exported policy has no such mode: it would change Pods in every namespace that has no other label, so nothing is exported.",
        "Run the server with `--mode=Enforce` first, and label namespaces that must not be changed yet `podtailor.dev/mode: audit`; or export the policies from files.",
    ),
)
