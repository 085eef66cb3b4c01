"""What is wrong with measured usage: nothing is recommended from an answer that is not whole."""

from __future__ import annotations

from webhook.messages.message import Message

USAGE = (
    Message(
        "no-usage",
        "nothing was measured",
        "The server answers, and has no CPU time or no memory of these containers in the window: it does not scrape kubelets, drops these metrics, or writes them to another server. That never counts as no use.",
        "Query `container_memory_working_set_bytes` in its own page to see what it has. Name the server that scrapes kubelets, or another window.",
    ),
    Message(
        "partial-usage",
        "the server warns that its answer is not whole",
        "The answer came with `warnings`, or VictoriaMetrics marked it as partial: some of the stores did not answer, so that usage is missing. Nothing is recommended from it.",
        "Do what the warning says, and run the command again.",
    ),
    Message(
        "no-container-labels",
        "usage is measured without names of containers",
        "The server has usage of this namespace, and no label `container` and `pod` on it, as with cAdvisor without `--store_container_labels` or with cri-dockerd.",
        "Scrape the kubelet's `/metrics/resource`, which has these labels with each container runtime.",
    ),
    Message(
        "no-owners",
        "the owners of Pods are unknown",
        "The server has no series `kube_pod_owner` of this namespace: kube-state-metrics is not scraped, or its Pods are named by `exported_pod`. Kills for lack of memory would be unknown too.",
        "Install kube-state-metrics, and scrape it with `honor_labels: true`.",
    ),
    Message(
        "unknown-owner",
        "the owner of measured Pods is unknown",
        "The server has no kube-state-metrics series of these Pods, or none of their ReplicaSets or Jobs, or series of several owners. Their usage counts for no workload, so what is recommended may be too little for theirs.",
        "Let kube-state-metrics collect `pods`, `replicasets` and `jobs`, which its `--resources` may leave out. A Pod whose name came again with another owner leaves the window in time.",
    ),
    Message(
        "several-clusters",
        "several clusters write to this server",
        "Series differ in a label such as `cluster`. Namespaces and Pods of the same name in two clusters would be taken for one.",
        "Choose one with `--cluster-label NAME=VALUE`; the message lists what there is.",
    ),
    Message(
        "usage-in-parts",
        "one query was too much for the server",
        "The server refused a query for all Pods of a namespace, or took too long, so they were asked for in parts. The usage is whole.",
        "Nothing has to be done. A shorter `--window` or a longer `--step` asks for less.",
    ),
    Message(
        "too-many-samples",
        "a query loads more samples than the server allows",
        "The server refuses a query even for a small part of the Pods, by a limit such as Prometheus' `--query.max-samples`.",
        "Choose a shorter `--window` or a longer `--step`, or raise that limit.",
    ),
    Message(
        "usage-timeout",
        "the server takes too long",
        "A query had no answer in a minute, even for a small part of the Pods.",
        "Choose a shorter `--window`, or a time when the server has less to do.",
    ),
    Message(
        "query-refused",
        "the server does not take the query",
        "The message is the server's own. It may be too old for subqueries, or ask for a header that names a tenant.",
        "Mimir and Cortex take `--header X-Scope-OrgID:TENANT`. Otherwise do what the message says.",
    ),
    Message(
        "unexpected-answer",
        "the answer is not what was asked for",
        "The answer ended too soon, has another type, or a value that is no amount, such as NaN. Nothing is recommended from it.",
        "Run the command again. If it stays so, look at what stands between you and the server.",
    ),
    Message(
        "not-prometheus",
        "the address is not that of a Prometheus API",
        "The answer is no JSON of this API: a login page, a redirect, or the page of another server. Redirects are not followed, since a token would go along.",
        "Give the URL that `/api/v1/query` follows. For VictoriaMetrics in a cluster it ends with `/select/0/prometheus`, for Mimir with `/prometheus`.",
    ),
    Message(
        "prometheus-unreachable",
        "the server of the measured usage does not answer",
        "The connection failed, the name does not resolve, or the certificate is not trusted.",
        "Check the URL. Inside of a cluster, `kubectl port-forward` makes a Service reachable; `--ca-file` names a CA.",
    ),
    Message(
        "usage-unauthorized",
        "401 or 403: the server does not know you",
        "The server, or a proxy in front of it, asks for a token or password, or refuses the one given.",
        "Give a token with `--bearer-file`, or what else it asks for with `--header`.",
    ),
    Message(
        "usage-server-busy",
        "429, 502, 503 or 504: the server has no time now",
        "The server limits the rate of queries, is overloaded, or is just starting. After 429 podtailor has tried three times.",
        "Run the command again in a minute.",
    ),
    Message(
        "stale-usage",
        "the metrics API serves old values",
        "The timestamp or window of these Pods is not of the last five minutes, as after a restart of metrics-server, or when a kubelet does not answer.",
        "Run the command again in some minutes.",
    ),
    Message(
        "no-vpa",
        "there is no VerticalPodAutoscaler",
        "The namespace has none, or the cluster does not serve `verticalpodautoscalers.autoscaling.k8s.io`.",
        'Create one with `updateMode: "Off"` for each owner and wait some days, or measure by Prometheus.',
    ),
    Message(
        "unsure-vpa",
        "a VerticalPodAutoscaler is not sure yet",
        "Its status has no recommendation, or says that it rests on too little. It is not used; the others are.",
        "`kubectl describe vpa NAME` shows the conditions. Most pass after a day.",
    ),
)
