"""The flags of `podtailor recommend` that choose an output or ask a source, and which go together."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import typer

from webhook.cli.common.options import is_given
from webhook.cli.common.output import Format
from webhook.errors import UsageError

RecommendFormat = Literal[Format.TABLE, Format.WIDE, Format.JSON, Format.YAML, Format.MARKDOWN]


class Grouping(StrEnum):
    OWNER = "owner"
    IMAGE = "image"


class Write(StrEnum):
    POLICY = "policy"
    PATCH = "patch"
    MANIFESTS = "manifests"


def check_output(
    write_: Write | None,
    output: RecommendFormat,
    by: Grouping,
    *,
    is_of_files: bool,
    backtest: bool,
    with_hpa: bool,
) -> None:
    """Raises UsageError."""
    if by is Grouping.IMAGE and write_ is not Write.POLICY:
        raise UsageError("--by image is for --write policy")
    if write_ is Write.MANIFESTS and not is_of_files:
        raise UsageError("--write manifests writes into files: name them with -f")
    if write_ and output not in (Format.TABLE, Format.WIDE):
        raise UsageError(f"--write {write_} is its own output: omit -o")
    if write_ and with_hpa:
        raise UsageError("--write writes no target of a HorizontalPodAutoscaler: omit --with-hpa, or --write")
    if backtest and (write_ or output is Format.MARKDOWN):
        raise UsageError("--backtest is for tables, JSON and YAML: omit --write and -o markdown")


def check_apply(write_: Write | None, by: Grouping, *, is_of_files: bool, apply: bool) -> None:
    """Raises UsageError."""
    if apply and (write_ is not Write.POLICY or is_of_files or by is Grouping.IMAGE):
        raise UsageError(
            "--apply writes WorkloadPolicies into a cluster: give --write policy, and omit -f and --by image"
        )


def check_asked(ctx: typer.Context, prometheus_url: str) -> None:
    """Other sources have their own quantile, window and step. Raises UsageError."""
    sources = {"usage": "--usage", "vpa": "--vpa", "metrics_api": "--metrics-api"}
    source = next((flag for name, flag in sources.items() if ctx.params[name]), "")
    if prometheus_url or not source:
        return
    for name in ("cpu_quantile", "window", "step"):
        if is_given(ctx, name):
            flag = f"--{name.replace('_', '-')}"
            raise UsageError(f"{flag} is for --prometheus: usage of {source} has its own")
