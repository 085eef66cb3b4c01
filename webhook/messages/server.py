"""How the server ends a review: label `result` of `podtailor_admission_requests_total`, and of the log line."""

from __future__ import annotations

from webhook.messages.message import Message

RESULTS = (
    Message(
        "patched",
        "allowed, with changes",
        "The Pod was allowed with changes, as enforced policies give.",
        "There is nothing to do.",
    ),
    Message(
        "unchanged",
        "allowed, and nothing to change",
        "The Pod was allowed as it is: it has all values, or no enforced policy matches.",
        "`podtailor explain pod/NAME` gives the reason if you expected a change.",
    ),
    Message(
        "left-alone",
        "allowed, because the Pod is exempt",
        "The Pod was allowed without looking at policies, because it is exempt, or the request was no creation of a Pod.",
        "The field `left_alone` of the log line gives the reason, which is on this page.",
    ),
    Message(
        "denied",
        "refused by a policy with onViolation: Deny",
        "The Pod violates a bound of a policy with `onViolation: Deny`. The answer names each violation, its policy and its container.",
        "Change the value in the manifest, or the bound; `podtailor explain -f FILE` shows both.",
    ),
    Message(
        "unreadable",
        "allowed, because podtailor could not read the Pod",
        "podtailor could not decode the Pod and allowed it unchanged, with the warning `unreadable-pod`.",
        "Report it with the Pod's manifest: this is a defect of podtailor.",
    ),
    Message(
        "bad-request",
        "400 or 413: the body is no AdmissionReview",
        "The body was no AdmissionReview, larger than 8 MiB, or did not arrive within 10 seconds. The API server sends none of these.",
        "Find out who else calls the port, and let `--client-ca-file` and a NetworkPolicy admit the API server only ([security](security.md)).",
    ),
    Message(
        "not-ready",
        "503: policies and namespaces are not listed yet",
        "The replica has not listed all policies and namespaces yet, so it does not decide. The `failurePolicy` of the webhook does.",
        "Wait a few seconds. If it lasts, `kubectl logs --namespace podtailor-system deployment/podtailor` says what cannot be listed.",
    ),
    Message(
        "overloaded",
        "503: too many or too large reviews at once",
        "Too many reviews, or too many large ones, were waiting. The `failurePolicy` of the webhook decides about this Pod.",
        "`kubectl scale --namespace podtailor-system deployment/podtailor --replicas=3` adds replicas.",
    ),
    Message(
        "error",
        "500: podtailor failed",
        "An error in podtailor ended the review. The `failurePolicy` of the webhook decides about this Pod.",
        "The log has the traceback: `kubectl logs --namespace podtailor-system deployment/podtailor`. Please report it.",
    ),
)
