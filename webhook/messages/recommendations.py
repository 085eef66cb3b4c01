"""Why `podtailor recommend` gives a container its size."""

from __future__ import annotations

from webhook.messages.message import Message

RECOMMENDATIONS = (
    Message(
        "quantile",
        "what it used, but for its busiest times",
        "The CPU request is P95 of the busiest Pod and 15 %, unless `--cpu-quantile`, `--cpu-margin` or a policy says something else.",
        "Look at the spread over the Pods: one that stands out needs another answer than a margin.",
    ),
    Message(
        "peak",
        "the most that it used, with a margin",
        "Memory is sized by its peak, and so is the CPU of Guaranteed and stateful Pods. A limit that stands is at least 1.2 x the peak.",
        "If the peak was an accident, see what happened at that hour, and use a window without it.",
    ),
    Message(
        "oom-killed",
        "it was OOM-killed in the window",
        "The memory limit becomes 1.25 x the limit that it was killed at, if that is known, or 100Mi more if that is higher. It gets no less than it has.",
        "Look for a leak before you give it more: `kubectl describe pod` says when it was killed.",
    ),
    Message(
        "throttled",
        "its limit held it back",
        "It was throttled in more than 10 % of its CFS periods, so it needs more than what was measured. It gets no less than it has.",
        "Raise or remove its CPU limit, and measure again.",
    ),
    Message(
        "cut-off",
        "it used nearly all of its limit",
        "It came to 95 % of its limit, so it may need more than what was measured. It gets no less than it has.",
        "Raise the limit, and measure again.",
    ),
    Message(
        "keeps-memory",
        "it uses as much memory as it is given",
        "A JVM, Node.js, a database or a cache sizes itself by the memory that there is, so its usage does not say what it needs.",
        "Look at the metrics of the runtime, such as the heap after garbage collection. `--allow-shrink-memory` goes by the usage alone; the flags of the heap must follow.",
    ),
    Message(
        "autoscaled",
        "a HorizontalPodAutoscaler goes by this request",
        "An autoscaler keeps the usage at a share of the request. A request that follows the usage would shrink forever.",
        "Change the request and the target together: `--with-hpa` gives both numbers.",
    ),
    Message(
        "autoscalers-unknown",
        "a HorizontalPodAutoscaler may go by this request",
        "You may not read HorizontalPodAutoscalers. One that goes by this request would answer a change of it with more or fewer Pods, so measured usage does not show the need. The request stays.",
        "Ask for the right to list `horizontalpodautoscalers` in this namespace, and run the command again.",
    ),
    Message(
        "vertically-scaled",
        "a VerticalPodAutoscaler sets it",
        "A VerticalPodAutoscaler that is not in mode Off or Initial changes this value on running Pods.",
        "Set its `updateMode` to `Off` if podtailor is to decide.",
    ),
    Message(
        "pod-level",
        "the Pod has resources of its own",
        "`spec.resources` of the Pod decides, and those of its containers count only inside of it.",
        "Change `spec.resources` in the template.",
    ),
    Message(
        "raises-only",
        "what is known is enough to raise it only",
        "There are less than three days of usage, or one moment of the metrics API. That can show that a container needs more, and not that it needs less.",
        "Wait, or ask a source that keeps more days.",
    ),
    Message(
        "small-change",
        "the difference is not worth a rollout",
        "The size that usage asks for is within 10 %, 10m of CPU or 32Mi of memory of what stands.",
        "Nothing needs to be done. `--min-change` says how much counts.",
    ),
    Message(
        "max-shrink",
        "one run makes no more than half of it",
        "A request is lowered by at most 50 % in one run, so that a mistake shows before it hurts.",
        "Run it again after some days with the new size, or give `--max-shrink`.",
    ),
    Message(
        "limit-range",
        "a LimitRange allows no other size",
        "The size that usage asks for is outside of a LimitRange of the namespace, whose bound is recommended instead.",
        "Change the LimitRange if the container needs more.",
    ),
    Message(
        "does-not-fit",
        "there is no room for what it needs",
        "A Pod of that size would fit on no Node, of a DaemonSet not on each one that it runs on, into no quota for as many Pods as there may be, or into no LimitRange for Pods. What is raised gives way, never below what stands.",
        "Make room: a larger Node, a larger quota, or fewer Pods.",
    ),
    Message(
        "keeps-qos",
        "its Pods would become Guaranteed",
        "Requests and limits would be equal everywhere, and bounds such as a LimitRange with a ratio of 1 allow no limit above. That is another QoS class, with another place in evictions, which a recommendation keeps. Nothing is recommended.",
        "Set equal requests and limits yourself if that is what you want; from then on they stay equal.",
    ),
    Message(
        "few-runs",
        "fewer than three runs of a Job",
        "Jobs and CronJobs differ from run to run, so nothing is recommended by fewer than three.",
        "Use a window in which it has run three times.",
    ),
    Message(
        "not-measured",
        "the source has nothing about it",
        "Nothing was measured for this container in the window. That is no recommendation, and never the smallest size.",
        "See whether the source scrapes this namespace, and whether its series have the label `container`.",
    ),
    Message(
        "no-answer",
        "the source gave half an answer, or none",
        "The source answered with a warning, with a part of the data, or with several clusters at once. Nothing is recommended from that.",
        "See what the problem says; `--cluster-label` names one of several clusters.",
    ),
)
