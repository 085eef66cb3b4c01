"""The findings of the audit, worst first."""

from __future__ import annotations

from webhook.messages.message import Message

FINDINGS = (
    Message(
        "not-judged",
        "reading or judging it failed",
        "Reading or judging the object failed, so nothing is known about it. All other objects are judged.",
        "The warning on standard error gives the reason: correct the object, or ask for the missing [permission](security.md#permissions-of-users).",
    ),
    Message(
        "violation",
        "its own values violate a bound of a policy",
        "The object's own values, or values it lacks, violate `min`, `max` or `maxLimitRequestRatio` of a policy. podtailor never overwrites them; a policy with `onViolation: Deny` refuses such Pods.",
        "Change the value in the manifest, or the bound in the policy. `podtailor explain -f FILE`, or in a cluster `podtailor explain deployment/NAME` or `pod/NAME`, names both.",
    ),
    Message(
        "slipped-through",
        "admission should have changed the Pod, and did not",
        "The Pod was created after everything that would change it was in force, and was not changed: the API server let it through without podtailor's answer.",
        "`podtailor certs check` says whether the API server can call podtailor now, `podtailor explain pod/NAME` what is known about the Pod. `podtailor retrofit` prints the commands that bring such Pods up to date.",
    ),
    Message(
        "wrong-arch",
        "one of its images does not run where it is",
        "An image is known not to have the platform of the Node on which the Pod is, which it requires, or which the DaemonSet covers. Such a container ends with `exec format error`, or its image is not pulled. Found only with `--arch`.",
        "Build the image for that platform, or keep the Pods from such Nodes with `kubernetes.io/arch` in a nodeSelector or an affinity. `podtailor images` says how it is known ([images](images.md)).",
    ),
    Message(
        "drifted",
        "its resources differ from template and policies",
        "The Pod has other resources than its template and the policies gave it: it was resized.",
        "`podtailor explain pod/NAME` says who resized it, and when. If that was on purpose, change its template too ([resize](resize.md)). Otherwise `podtailor resize deployment/NAME --apply` gives all Pods of an owner the size of a new one.",
    ),
    Message(
        "conflict",
        "two policies propose different values",
        "Two of your policies propose different values for one field, and one takes precedence.",
        "`podtailor policies list` shows the order. Set `priority`, narrow the `match` of one policy, or remove the value from it.",
    ),
    Message(
        "undersized",
        "it needs more than it requests, by its usage",
        "The Pods of the owner have used more than their requests allow for, came near to a limit, or were OOM-killed or throttled. `podtailor recommend` judges that; found only with `--usage` or `--prometheus`.",
        "`podtailor recommend` has the size and its reason; `--write` puts it into policies, patches or manifests.",
    ),
    Message(
        "oversized",
        "it needs less than it requests, by its usage",
        "The Pods of the owner request more than they have used in days, with a margin. `podtailor recommend` judges that, and holds back where usage does not show the need; found only with `--usage` or `--prometheus`.",
        "`podtailor recommend` has the size and its reason, and takes off at most half in one run; `--backtest` tries it on the past.",
    ),
    Message(
        "stopped-by-image",
        "an image is known not to run on ARM64",
        "The Pods would run on ARM64 but for these containers: their images were read, and do not name it. Found only with `--arch`.",
        "Look for another version of the image, or build it for ARM64. `podtailor images` lists what stops most owners first.",
    ),
    Message(
        "arch-unknown",
        "it is not known whether an image runs on ARM64",
        "No container of the image was seen on an ARM64 Node, and it was not read from its registry, or could not be. Found only with `--arch`.",
        "`podtailor images --ask missing --cache FILE` asks registries; give the file with `--platforms FILE`.",
    ),
    Message(
        "would-run-arm64",
        "all of its images run on ARM64, or say so",
        "Each image was seen running on an ARM64 Node, or its index names ARM64. Found only with `--arch`.",
        "Let new Pods go there: tolerate the taint of such Nodes, and prefer them. Begin with one Pod if images only say so.",
    ),
    Message(
        "would-change",
        "would be changed if it were created now",
        "A new Pod would be different: this one is older, or the policy has changed since, is only audited, or is being tried.",
        "`podtailor audit --diff` shows the change. New Pods get it once the policy is enforced; for live Pods run `podtailor retrofit`.",
    ),
    Message(
        "skipped",
        "no policy matches, or it is exempt",
        "No policy is applied: none matches, or the object is exempt. The column WHAT gives the reason.",
        "If it should be tailored, look the reason up on this page, or run `podtailor explain -f FILE`, in a cluster `podtailor explain deployment/NAME` or `pod/NAME`.",
    ),
    Message(
        "pass",
        "nothing to change",
        "A Pod has everything that the policies give. A template passes if its new Pods get what they lack.",
        "There is nothing to do.",
    ),
)
