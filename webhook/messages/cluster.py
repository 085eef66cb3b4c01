"""Errors of commands that ask a cluster, and of `serve` when it starts. The line `hint:` has the next command."""

from __future__ import annotations

from webhook.messages.message import Message

CLUSTER = (
    Message(
        "no-kubeconfig",
        "nothing says which cluster to ask",
        "There is no kubeconfig: neither `--kubeconfig`, nor the variable `KUBECONFIG`, nor `~/.kube/config` leads to a file. In a Pod, no ServiceAccount token is mounted.",
        "Run the command that your provider gives for a kubeconfig, and check it with `kubectl config view`. `audit`, `explain`, `mutate` and `test` need no cluster with `-f FILE`, `policies list` needs none with `--builtin safe`.",
    ),
    Message(
        "invalid-kubeconfig",
        "the kubeconfig cannot be used",
        "The file is not YAML, is empty, or a context names a cluster or user that is not in it.",
        "`kubectl config view` reads the same file. Correct it, or name another with `--kubeconfig FILE`.",
    ),
    Message(
        "unknown-context",
        "the kubeconfig has no such context",
        "The kubeconfig has no context of this name, or no current one.",
        "`kubectl config get-contexts` lists them, `kubectl config use-context NAME` sets the current one.",
    ),
    Message(
        "unreachable",
        "the API server does not answer",
        "The connection to the API server failed or timed out, its name does not resolve, or its certificate is not trusted.",
        "`kubectl cluster-info` asks the same server: if that fails too, start the cluster, connect the VPN or choose another `--context`. `kubectl config view` shows the address and the CA.",
    ),
    Message(
        "unauthorized",
        "401: the API server does not know you",
        "The token or client certificate of the kubeconfig has expired, or belongs to another cluster.",
        "Log in again, and check it with `kubectl auth whoami`.",
    ),
    Message(
        "forbidden",
        "403: you may not do this",
        "The message names the verb, the resource and the user. The roles `podtailor-reader` and `podtailor-installation-reader` come with podtailor's component `cluster-source` and allow what commands read ([permissions](security.md#permissions-of-users)).",
        "Ask an administrator to run the command in the line `hint:`. `kubectl auth can-i --list` shows what you may do, and `-n NAMESPACE` restricts most commands to what you may read.",
    ),
    Message(
        "not-found",
        "404: it does not exist, or not in this cluster",
        "The API server has no such object, or does not serve this kind.",
        "`kubectl get namespaces`, `kubectl get pods --all-namespaces` and `kubectl api-resources` show what there is. `kubectl config current-context` shows which cluster was asked.",
    ),
    Message(
        "busy",
        "429, 503 or 504: the API server has no time now",
        "The API server is overloaded or just starting. podtailor has tried again as often as the server allowed.",
        "Run the command again in a minute.",
    ),
    Message(
        "api-error",
        "the API server refuses the request",
        "The message after the number is the API server's own, as when a quota is exceeded or another webhook refuses an object.",
        "Do what the message says, and run the command again.",
    ),
    Message(
        "not-installed",
        "podtailor is not installed in this cluster",
        "There is no webhook configuration `podtailor`, or no Deployment `podtailor` in `podtailor-system`, so there is nothing to check, and new Pods are not tailored.",
        "`kubectl apply -k manifests/overlays/audit` installs it without changing Pods ([install](install.md)). `podtailor audit` needs no installation.",
    ),
    Message(
        "not-called",
        "the API server cannot call podtailor",
        "The webhook configuration has no caBundle yet, or does not trust the certificate that podtailor serves, so new Pods are not tailored.",
        "`podtailor certs check` compares the certificates, and `kubectl logs --namespace podtailor-system deployment/podtailor` says why podtailor has not written the caBundle ([certificates](certificates.md)).",
    ),
    Message(
        "no-certificates",
        "there is no certificate to show",
        "Neither the caBundle of the webhook configuration nor the Secret has a certificate that you may read: podtailor is not installed, or has not started.",
        "`podtailor certs check` says what is missing.",
    ),
    Message(
        "missing-definitions",
        "custom resource definitions are missing",
        "The cluster does not serve the kind that a command writes.",
        "For Reports, install the definitions of [openreports.io](https://openreports.io). For policies, run `kubectl apply -k manifests/crds`.",
    ),
    Message(
        "unmanaged-certificates",
        "podtailor does not issue these certificates",
        "The server runs without `--tls-secret`: cert-manager or files provide its certificates, so podtailor does not rotate them.",
        "With cert-manager, `cmctl renew --namespace podtailor-system podtailor-webhook` renews them.",
    ),
    Message(
        "incomplete-view",
        "you may not read everything that decides",
        "Each warning names something that you may not read, and what is unknown for that reason. No Pod counts as slipped through then, `audit` exits with 1, and `retrofit --apply` changes nothing. Templates may show would-change only because policies or the mode could not be read.",
        "Ask for the roles in [permissions](security.md#permissions-of-users), or run it as a user who has them.",
    ),
    Message(
        "scoped-quota",
        "a ResourceQuota counts some of the Pods only",
        "This ResourceQuota has scopes. Which Pods it counts is not worked out, so whether there is room in it is unknown: it is left out.",
        "`kubectl describe quota` says what is used. Compare it with the sizes before you apply them.",
    ),
    Message(
        "port-taken",
        "another process listens on this port",
        "`serve` cannot listen, because the port is in use.",
        "`ss --listening --tcp --numeric --processes` shows by which process. Choose another port with `--port` and `--health-port`; `0` takes a free one.",
    ),
    Message(
        "cannot-listen",
        "the address or port cannot be used",
        "`serve` cannot listen: the address is not one of this machine, or ports below 1024 need a permission.",
        "Give an address of this machine with `--host`, and ports above 1023 with `--port` and `--health-port`.",
    ),
    Message(
        "port-from-service",
        "Kubernetes set the variable of a port to a URL",
        "A Service named `podtailor` in the same namespace makes Kubernetes set `PODTAILOR_PORT` to a URL in each Pod.",
        "Set `enableServiceLinks: false` in the Pod's spec, or give the flag.",
    ),
    Message(
        "no-metrics-api",
        "the cluster does not serve the metrics API",
        "There is no `metrics.k8s.io`, or what serves it does not answer.",
        "`kubectl top pods` asks the same API. Install metrics-server, or see in `kubectl get apiservices v1beta1.metrics.k8s.io` why it is not available.",
    ),
)
