"""What one evaluation writes down while its edits run.

Every wish of a policy ends as exactly one of: a change, a skip with its reason, a conflict with the policy
that was heard first, or nothing at all because the Pod already is as wished.

Fields are written `app:requests.memory` for a container's and `pod:nodeSelector.KEY` for the Pod's own.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from msgspec import Struct

from webhook.model.patch import Path, Write
from webhook.model.policy import Origin, Policy


class Reason(StrEnum):
    """Why a wish was left out. The words are those of logs, metrics and `explain`."""

    KEPT = "kept"
    SKIP_CONTAINERS = "skip-containers"
    INIT_CONTAINER = "init-container"
    RESTART_POLICY_NEVER = "restart-policy-never"
    NODE_AFFINITY = "node-affinity"
    NODE_NAME = "node-name"
    DAEMON_SET = "daemonset"
    POD_LEVEL_RESOURCES = "pod-level-resources"
    GUARANTEED_UNREACHABLE = "guaranteed-unreachable"
    NO_ROOM = "no-room"
    QUOTA = "quota"
    NAMESPACE = "namespace"
    KUBERNETES = "kubernetes"
    APPLIED = "applied"
    WORKLOAD_PARTITIONING = "workload-partitioning"
    SEQUENTIAL = "sequential"
    NEED_UNKNOWN = "need-unknown"


class Change(Write, frozen=True, kw_only=True):
    """A write that a policy wished for; `value` in the API's own shape."""

    policy: Policy
    field: str


class Skip(Struct, frozen=True):
    policy: Policy
    field: str
    reason: Reason


class Violation(Struct, frozen=True):
    """The Pod's own values break a bound of `policy`; `message` in LimitRanger's words."""

    policy: Policy
    container: str | None
    """Its name; None for the sums of the Pod."""
    message: str


class Conflict(Struct, frozen=True, kw_only=True):
    """`policy` proposes `value` for `field`; `winner` takes precedence and sets `winning_value` there."""

    policy: Policy
    field: str
    value: object
    winner: Policy
    winning_value: object


class Draft:
    """Collects the outcome of one evaluation, in the order of the edits."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.skips: list[Skip] = []
        self.conflicts: list[Conflict] = []
        self.violations: list[Violation] = []
        self._claims: dict[str, tuple[Policy, object]] = {}

    def claim(self, policy: Policy, field: str, value: object) -> bool:
        """Whether `policy` is the first to wish something for `field`; the first one keeps it."""
        if field not in self._claims:
            self._claims[field] = (policy, value)
            return True
        winner, winning_value = self._claims[field]
        both_built_in = winner.origin is policy.origin is Origin.BUILT_IN
        if winner is not policy and winning_value != value and not both_built_in:
            conflict = Conflict(
                policy=policy, field=field, value=value, winner=winner, winning_value=winning_value
            )
            self.conflicts.append(conflict)
        return False

    def is_claimed(self, field: str) -> bool:
        return field in self._claims

    def reserve(self, policy: Policy, field: str, value: object) -> None:
        """Keep later policies from `field` though nothing is set there."""
        self._claims.setdefault(field, (policy, value))

    def set(self, policy: Policy, field: str, path: Path, value: Any) -> None:
        self.changes.append(Change(path, value, policy=policy, field=field))

    def append(self, policy: Policy, field: str, path: Path, item: Any) -> None:
        self.changes.append(Change(path, item, append=True, policy=policy, field=field))

    def merge(self, other: Draft) -> None:
        """Take over what another draft, of other fields, wrote down."""
        self.changes += other.changes
        self.skips += other.skips
        self.conflicts += other.conflicts

    def skip(self, policy: Policy, field: str, reason: Reason) -> None:
        self.skips.append(Skip(policy, field, reason))
