"""A policy as a row of `podtailor policies list`, and as JSON."""

from __future__ import annotations

from webhook.cli.common.tables import Column
from webhook.edits import EDITS
from webhook.model.policy import Policy


def _sets(policy: Policy) -> list[str]:
    return [edit.name for edit in EDITS if edit.requested_by(policy)]


def as_json(policy: Policy) -> dict[str, object]:
    return {
        "name": policy.name,
        "namespace": policy.namespace,
        "origin": str(policy.origin),
        "mode": policy.mode,
        "priority": policy.priority,
        "workloadTypes": policy.match.workload_types,
        "sets": _sets(policy),
        "from": policy.source,
    }


COLUMNS: tuple[Column, ...] = (
    Column(
        title="NAME",
        about="of a policy, NAMESPACE/NAME of a WorkloadPolicy",
        cell=lambda policy: policy.key,
        enough=30,
    ),
    Column(title="MODE", about="Enforce, Audit or Off", cell=lambda policy: policy.mode),
    Column(
        title="PRIORITY",
        about="among policies of the same kind, higher first",
        cell=lambda policy: str(policy.priority),
        drops=2,
    ),
    Column(
        title="TYPES",
        about="workload types that it matches",
        cell=lambda policy: ",".join(policy.match.workload_types or ()) or "any",
        drops=3,
    ),
    Column(
        title="SETS",
        about="what it can change",
        cell=lambda policy: ",".join(_sets(policy)) or "nothing",
        enough=25,
    ),
    Column(
        title="FROM",
        about="file, cluster, preset or built in",
        cell=lambda policy: policy.source,
        enough=20,
        drops=1,
    ),
)
