"""Flags that several commands share; most are environment variables too, which `--help` names."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any

import typer

from webhook.errors import InputError, UsageError
from webhook.model.kubernetes import parse_minor_version
from webhook.model.names import Mode
from webhook.model.patch import Path
from webhook.policies.shipped import Profile


def setting(flag: str, *more: str, **options: Any) -> Any:
    """A flag that can also be given as `PODTAILOR_...`."""
    variable = flag.removeprefix("--").replace("-", "_").upper()
    return typer.Option(flag, *more, envvar=f"PODTAILOR_{variable}", **options)


Policies = Annotated[
    list[str] | None,
    setting(
        "--policies",
        "-p",
        metavar="PATH",
        help="Policy file, directory, or - for standard input (repeatable).",
    ),
]
BuiltIn = Annotated[
    Profile,
    setting("--builtin", help="Built-in policies: safe sets no limits, strict does, off disables them."),
]
Presets = Annotated[
    list[str] | None,
    setting(
        "--preset",
        metavar="PRESET",
        help="A preset to use (repeatable). `podtailor policies list --builtin safe --all` lists them.",
    ),
]
ServerMode = Annotated[
    Mode,
    setting(
        "--mode",
        case_sensitive=False,
        help="Mode of namespaces without the label podtailor.dev/mode; Off overrides all labels.",
    ),
]
AcceleratorPatterns = Annotated[
    list[str] | None,
    setting(
        "--accelerator",
        metavar="GLOB",
        help="Names of further resources that are accelerators (repeatable).",
    ),
]
NoAnnotate = Annotated[
    bool, setting("--no-annotate", help="Do not add the annotation podtailor.dev/applied.")
]
NamespaceLabels = Annotated[
    list[str] | None,
    typer.Option("--namespace-labels", metavar="KEY=VALUE", help="Labels of the namespace (repeatable)."),
]


def _parse_version(text: str) -> int:
    try:
        return parse_minor_version(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


KubernetesVersion = Annotated[
    int | None,
    setting(
        "--kubernetes-version",
        parser=_parse_version,
        metavar="VERSION",
        help="Version of Kubernetes, as in 1.37, if no API server says it.",
    ),
]
FromCluster = Annotated[
    bool,
    setting("--from-cluster", help="Also use the policies and namespaces of the cluster."),
]
Kubeconfig = Annotated[
    str | None,
    setting(
        "--kubeconfig",
        help="Path of a kubeconfig; otherwise KUBECONFIG is used, or in a Pod its ServiceAccount.",
    ),
]
Context = Annotated[str | None, setting("--context", help="Context in the kubeconfig.")]
Since = Annotated[
    str,
    typer.Option(
        "--since",
        metavar="TIME",
        help="When the policies of files took effect, as in 2026-01-31T12:00:00Z. Older Pods did not slip "
        "through.",
    ),
]
AllNamespaces = Annotated[
    bool, typer.Option("--all-namespaces", "-A", help="All namespaces; the default if you may read them.")
]
CurrentNamespace = Annotated[
    str | None,
    typer.Option(
        "--namespace",
        "-n",
        help="Namespace of the Pod, or of manifests without one; otherwise that of the context.",
    ),
]
Namespace = Annotated[str, typer.Option("--namespace", "-n", help="Namespace of manifests without one.")]


_DURATION = re.compile(r"(\d{1,6})([smhd])", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def parse_duration(text: str) -> timedelta:
    """As in `90d`, `12h`, `10m` or `30s`."""
    match = _DURATION.fullmatch(text)
    if not match:
        raise typer.BadParameter(f"{text}: write a number and s, m, h or d, as in 90d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


MaxAge = Annotated[
    timedelta,
    typer.Option(
        "--max-age",
        parser=parse_duration,
        metavar="DURATION",
        help="How long the file counts for tags, which may move; for digests it does for ever.",
    ),
]
"""Of a file of what is known of images."""


def duration_setting(flag: str, **options: Any) -> Any:
    """A setting that is a duration."""
    return setting(flag, parser=parse_duration, metavar="DURATION", **options)


_MAX_PORT = 65535


def port_setting(flag: str, **options: Any) -> Any:
    """A setting that is a port; 0 picks a free one."""
    service = f"podtailor-{flag.removeprefix('--')}".removesuffix("-port")
    variable = f"PODTAILOR_{flag.removeprefix('--').replace('-', '_').upper()}"

    def parse(text: str) -> int:
        if "://" in text:  # Kubernetes sets `NAME_PORT` in a Pod for each Service of its namespace
            raise InputError(
                f"{variable} is {text}: Kubernetes sets it for the Service {service}",
                name="port-from-service",
                hint=f"set enableServiceLinks: false in the Pod's spec, or give {flag}",
            )
        if not text.isascii() or not text.isdigit() or int(text) > _MAX_PORT:
            raise typer.BadParameter(f"{text}: write a number from 0 to {_MAX_PORT}")
        return int(text)

    return setting(flag, parser=parse, metavar="PORT", **options)


_CONTROLLER = re.compile(r"(\w+)\.(v\w+)\.([\w.-]+)=((?:\w+|\*)(?:\.(?:\w+|\*))*)", re.ASCII)
Controllers = Annotated[
    list[str] | None,
    setting(
        "--controller",
        metavar="KIND.VERSION.GROUP=PATH",
        help="Another kind with a Pod template, as in Rollout.v1alpha1.argoproj.io=spec.template; * is each "
        "item of a list, as in RayCluster.v1.ray.io=spec.workerGroupSpecs.*.template (repeatable).",
    ),
]


def parse_labels(pairs: list[str] | None) -> dict[str, str]:
    """From `k=v` pairs, which commas may separate, as in kubectl. Raises InputError."""
    labels = {}
    for pair in (pair for joined in pairs or () for pair in joined.split(",")):
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise UsageError(f"--namespace-labels {pair}: write KEY=VALUE")
        labels[key] = value
    return labels


_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)


def check_time(since: str) -> None:
    """Raises InputError."""
    if since and not _TIME.fullmatch(since):
        raise UsageError(f"--since {since}: write a time like 2026-01-31T12:00:00Z")


def check_scope(namespace: str | None, *, all_namespaces: bool) -> None:
    """Raises InputError."""
    if namespace and all_namespaces:
        raise UsageError("give -n or -A, not both")


def parse_controllers(controllers: list[str] | None) -> dict[tuple[str, str], tuple[Path, ...]]:
    """Paths of Pod templates by apiVersion and kind, from `KIND.VERSION.GROUP=PATH`. Raises InputError."""
    paths: dict[tuple[str, str], tuple[Path, ...]] = {}
    for each in controllers or ():
        match = _CONTROLLER.fullmatch(each)
        if not match:
            raise UsageError(f"--controller {each}: write it like Rollout.v1alpha1.argoproj.io=spec.template")
        kind, version, group, path = match.groups()
        key = (f"{group}/{version}", kind)
        paths[key] = (*paths.get(key, ()), tuple(path.split(".")))
    return paths


def is_given(ctx: typer.Context, name: str) -> bool:
    """Whether a parameter has its value from a flag or a variable."""
    source = ctx.get_parameter_source(name)
    return source is not None and source.name != "DEFAULT"
