"""What is exported: the policies, and what they were found by."""

from __future__ import annotations

import typer
from msgspec import Struct

from webhook.cli.common.policy_options import PolicyOptions
from webhook.cli.common.terminal import print_error
from webhook.model.accelerators import Accelerators
from webhook.model.policy import Policy
from webhook.model.selectors import Requirement

_FIRST = 36
"""The first minor version of Kubernetes 1 that serves MutatingAdmissionPolicy as v1."""


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


def check_version(minor: int | None) -> None:
    """Raises typer.Exit."""
    if minor is not None and minor < _FIRST:
        print_error(
            f"Kubernetes 1.{minor}: MutatingAdmissionPolicy is v1 from 1.{_FIRST} on",
            name="older-kubernetes",
            hint="the webhook runs on every supported version: docs/install.md",
        )
        raise typer.Exit(1)
