"""The outcome of one evaluation, collected while its edits run.

Every proposed value ends as a change, a skip with its reason, a conflict with a policy that takes precedence,
or nothing, because the Pod already has it.

Fields are written `app:requests.memory` for a container's and `pod:nodeSelector.KEY` for the Pod's own.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from msgspec import Struct

from webhook.model.patch import Path, Write
from webhook.model.policy import Origin, Policy
from webhook.model.quantity import Quantity


class Reason(StrEnum):
    """Why a proposed value was skipped; as logs, metrics and `explain` show it."""

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
    OLD_KUBERNETES = "kubernetes"
    APPLIED = "applied"
    WORKLOAD_PARTITIONING = "workload-partitioning"
    SEQUENTIAL = "sequential"
    NEED_UNKNOWN = "need-unknown"


class Change(Write, frozen=True, kw_only=True):
    """A write that a policy requests; `value` in the shape of the API."""

    policy: Policy
    field: str


class Skip(Struct, frozen=True):
    policy: Policy
    field: str
    reason: Reason


class Violation(Struct, frozen=True):
    """The Pod's own values violate a bound of `policy`; `message` is worded as by LimitRanger."""

    policy: Policy
    container: str | None
    """Its name; None for the totals of the Pod."""
    message: str


class Conflict(Struct, frozen=True, kw_only=True):
    """`policy` proposes `value` for `field`; `winner` takes precedence and sets `winning_value` there.

    Values are in the shape of the API.
    """

    policy: Policy
    field: str
    value: object
    winner: Policy
    winning_value: object


def _in_api_shape(value: object) -> object:
    return value.text if isinstance(value, Quantity) else value


class Draft:
    """Collects the outcome of one evaluation, in the order of the edits."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.skips: list[Skip] = []
        self.conflicts: list[Conflict] = []
        self.violations: list[Violation] = []
        self._claims: dict[str, tuple[Policy, object]] = {}

    def claim(self, policy: Policy, field: str, value: object) -> bool:
        """Whether `policy` sets `field`: the first to claim it does; another value is a conflict."""
        if field not in self._claims:
            self._claims[field] = (policy, value)
            return True
        winner, winning_value = self._claims[field]
        both_built_in = winner.origin is policy.origin is Origin.BUILT_IN
        if winner is not policy and winning_value != value and not both_built_in:
            conflict = Conflict(
                policy=policy,
                field=field,
                value=_in_api_shape(value),
                winner=winner,
                winning_value=_in_api_shape(winning_value),
            )
            self.conflicts.append(conflict)
        return False

    def is_claimed(self, field: str) -> bool:
        return field in self._claims

    def reserve(self, policy: Policy, field: str, value: object) -> None:
        """Keep later policies from setting `field`, without setting it."""
        self._claims.setdefault(field, (policy, value))

    def set(self, policy: Policy, field: str, path: Path, value: Any) -> None:
        self.changes.append(Change(path, value, policy=policy, field=field))

    def append(self, policy: Policy, field: str, path: Path, item: Any) -> None:
        self.changes.append(Change(path, item, append=True, policy=policy, field=field))

    def merge(self, other: Draft) -> None:
        """Add what another draft decided about other fields. Violations are not among that."""
        self.changes += other.changes
        self.skips += other.skips
        self.conflicts += other.conflicts

    def skip(self, policy: Policy, field: str, reason: Reason) -> None:
        self.skips.append(Skip(policy, field, reason))
