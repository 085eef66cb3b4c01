"""What is exported: the policies, and what they were found by."""

from __future__ import annotations

from msgspec import Struct

from webhook.cli.common.policy_options import PolicyOptions
from webhook.model.accelerators import Accelerators
from webhook.model.policy import Policy
from webhook.model.selectors import Requirement


class Sources(Struct, frozen=True):
    policies: tuple[Policy, ...]
    accelerators: Accelerators
    flags: tuple[str, ...]
    """As `flags_of`."""
    kubernetes: int | None
    """Minor version of the API server, if it decides."""
    namespaces: tuple[Requirement, ...] = ()
    """Of the installation: which namespaces its webhook selects, or what is exported already."""


def flags_of(used: PolicyOptions) -> tuple[str, ...]:
    """What chooses among the policies that ship, as `serve` takes it: in one order, however it was given."""
    return (
        f"--builtin={used.builtin}",
        *(f"--preset={each}" for each in sorted({*(used.preset or ())})),
        *(f"--accelerator={each}" for each in sorted({*(used.accelerator or ())})),
    )
