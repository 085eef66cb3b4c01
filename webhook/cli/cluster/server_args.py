"""What the server of a cluster is started with, for commands that answer as it would."""

from __future__ import annotations

from typing import Any

import typer
from msgspec import Struct, structs

from certs.keyring import DEFAULT_LIFETIMES, Lifetimes
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
# typer exports its children alone.
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]


class Settings(Struct, frozen=True):
    """Which policies that ship, and how all are heard."""

    builtin: Profile = Profile.SAFE
    preset: tuple[str, ...] = ()
    mode: Mode = Mode.ENFORCE
    accelerator: tuple[str, ...] = ()
    tls_secret: str = ""
    lifetimes: Lifetimes = DEFAULT_LIFETIMES
    """Of certificates that it issues."""


def parse_server_args(arguments: tuple[str, ...]) -> Settings:
    """By the arguments of the server; what they do not say is as it is without them."""
    if "serve" not in arguments:
        return Settings()
    app = typer.Typer()
    app.command()(serve)
    words = [word for word in arguments if word != "serve"]
    try:  # another version may have flags that are not known here
        context = typer.main.get_command(app).make_context(
            "serve", words, ignore_unknown_options=True, allow_extra_args=True
        )
    except _UsageError as error:
        warn(f"the arguments of the Deployment podtailor are not understood: {error}")
        return Settings()
    return _of(context.params)


def chosen(here: typer.Context, there: Settings) -> Settings:
    """As there, but for what is given to this command by a flag or a variable."""
    own = _of(here.params)
    given = {name: getattr(own, name) for name in here.params if hasattr(own, name) and is_given(here, name)}
    return structs.replace(there, **given)


def is_given(here: typer.Context, name: str) -> bool:
    """Whether a parameter has its value from a flag or a variable."""
    source = here.get_parameter_source(name)
    return source is not None and source.name != "DEFAULT"


def _of(params: dict[str, Any]) -> Settings:
    return Settings(
        Profile(params["builtin"]),
        tuple(params["preset"] or ()),
        Mode(params.get("mode", Mode.ENFORCE)),
        tuple(params.get("accelerator") or ()),
        params.get("tls_secret") or "",
        Lifetimes(**{field: params[name] for field, name in _LIFETIMES.items()})
        if "renew_at" in params
        else DEFAULT_LIFETIMES,
    )
