"""The policies that ship with podtailor: built-ins in two profiles, and presets that are off until named.

Profile `safe` sets no limits, and requests only for regular containers and not for DaemonSet Pods. `strict`
adds limits and the Guaranteed class, also for init containers and DaemonSets. Presets apply as written.
"""

from __future__ import annotations

import difflib
import functools
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

import msgspec
from msgspec import Struct

from webhook.errors import InputError
from webhook.model.policy import Policy

_FOLDER = Path(__file__).parent
COMPILED = "shipped.json"


class Profile(StrEnum):
    SAFE = "safe"
    STRICT = "strict"
    OFF = "off"


def built_in(profile: Profile) -> tuple[Policy, ...]:
    """The built-in policies of a profile, in order of precedence."""
    return () if profile is Profile.OFF else _compiled().built_in[profile]


def shipped(profile: Profile, preset_names: Iterable[str]) -> tuple[Policy, ...]:
    """The named presets and the built-ins of a profile. Raises InputError as `presets` does."""
    return (*presets(preset_names), *built_in(profile))


def built_in_text(profile: Profile, name: str) -> str:
    """The document of one built-in policy, with its comments."""
    return (_FOLDER / "builtin" / profile / f"{name}.yaml").read_text(encoding="utf-8")


def presets(names: Iterable[str]) -> tuple[Policy, ...]:
    """Presets by name, each once. Raises InputError for an unknown name."""
    return tuple(_preset(name) for name in dict.fromkeys(names))


def _preset(name: str) -> Policy:
    _check(name)
    return _compiled().presets[name]


def preset_text(name: str) -> str:
    """The document of one preset, with its comments. Raises InputError for an unknown name."""
    _check(name)
    return (_FOLDER / "presets" / f"{name}.yaml").read_text(encoding="utf-8")


def _check(name: str) -> None:
    if name not in preset_names():
        close = difflib.get_close_matches(name, preset_names(), n=1)
        message = f"no preset {name!r}; the presets are {', '.join(preset_names())}"
        hint = f"did you mean {close[0]}?" if close else ""
        raise InputError(message, name="unknown-preset", hint=hint)


def preset_names() -> list[str]:
    return sorted(file.name.removesuffix(".yaml") for file in (_FOLDER / "presets").iterdir())


class Compiled(Struct, frozen=True):
    """The documents as the engine reads them: `make generate` writes it, for they take longer to read."""

    built_in: dict[Profile, tuple[Policy, ...]]
    presets: dict[str, Policy]


_DECODER = msgspec.json.Decoder(Compiled)


@functools.cache
def _compiled() -> Compiled:
    return _DECODER.decode((_FOLDER / COMPILED).read_bytes())
