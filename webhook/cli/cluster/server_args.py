"""The arguments of the installed server, for commands that decide as it does."""

from __future__ import annotations

from typing import Any

import typer
from msgspec import Struct, structs

from certs.keyring import DEFAULT_LIFETIMES, Lifetimes
from webhook.cli.common.options import is_given
from webhook.cli.common.policy_options import PolicyOptions
from webhook.cli.common.terminal import warn
from webhook.cli.serve.command import serve
from webhook.model.names import Mode
from webhook.policies.shipped import Profile

_LIFETIMES = {
    "authority": "ca_validity",
    "serving": "tls_validity",
    "renew_at": "renew_at",
    "overlap": "ca_overlap",
    "skew": "clock_skew",
}


class ServerArgs(Struct, frozen=True, kw_only=True):
    """The arguments that commands use."""

    policy_options: PolicyOptions = PolicyOptions()
    """Without `policies`, whose files are in the server's container."""
    tls_secret: str = ""
    lifetimes: Lifetimes = DEFAULT_LIFETIMES
    """Of certificates that it issues."""


def parse_server_args(arguments: tuple[str, ...]) -> ServerArgs:
    """Defaults for flags that are not given, or if the arguments cannot be parsed."""
    if "serve" not in arguments:
        return ServerArgs()
    app = typer.Typer()
    app.command()(serve)
    words = [word for word in arguments if word != "serve"]
    try:  # another version may have unknown flags
        context = typer.main.get_command(app).make_context(
            "serve", words, ignore_unknown_options=True, allow_extra_args=True
        )
    except typer.TyperException as error:
        message = f"the arguments of the Deployment podtailor are not understood: {error}"
        warn(message, name="unreadable-arguments")
        return ServerArgs()
    return _of(context.params)


def override(server: PolicyOptions, own: PolicyOptions, ctx: typer.Context) -> PolicyOptions:
    """The server's options, overridden by those that flags or variables of the command set."""
    names = (name for name in PolicyOptions.__struct_fields__ if name in ctx.params)
    return structs.replace(server, **{name: getattr(own, name) for name in names if is_given(ctx, name)})


def _of(params: dict[str, Any]) -> ServerArgs:
    return ServerArgs(
        policy_options=PolicyOptions(
            builtin=Profile(params["builtin"]),
            preset=list(params["preset"] or ()) or None,
            mode=Mode(params["mode"]),
            accelerator=list(params["accelerator"] or ()) or None,
        ),
        tls_secret=params["tls_secret"] or "",
        lifetimes=Lifetimes(**{field: params[name] for field, name in _LIFETIMES.items()}),
    )
