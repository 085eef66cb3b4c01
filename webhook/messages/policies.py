"""The status of a policy: reasons of its condition `Ready`."""

from __future__ import annotations

from webhook.messages.message import Message

STATUSES = (
    Message(
        "InForce",
        "the policy is in force as written",
        "`Ready` is `True`: replicas apply this version of the policy.",
        "There is nothing to do.",
    ),
    Message(
        "Invalid",
        "the policy cannot be used",
        "`Ready` is `False`: the spec has a mistake that the API server did not refuse. If there was a valid version before, it stays in force as long as the replica runs.",
        "The message names the field: correct it, and check it with `podtailor policies lint FILE`.",
    ),
    Message(
        "TooMany",
        "its namespace has too many older policies",
        "A namespace may have 20 WorkloadPolicies. The oldest are in force, and this one is not.",
        "`kubectl get workloadpolicies --namespace NAMESPACE --sort-by=.metadata.creationTimestamp` lists them: delete what nobody needs, or join several into one.",
    ),
    Message(
        "TooLarge",
        "its spec has too many bytes",
        "The spec is larger than podtailor keeps in memory, so the policy is not in force.",
        "Split it into several policies.",
    ),
)
