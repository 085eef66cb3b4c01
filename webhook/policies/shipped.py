"""The policies that ship with podtailor: built-ins in two profiles, and presets that are off until named.

Profile `safe` sets no limits, and requests only for regular containers and not for DaemonSet Pods. `strict`
adds limits and the Guaranteed class, also for init containers and DaemonSets. Presets apply as written.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from enum import StrEnum
from importlib.resources import files as resources

from webhook.documents import yaml_tree
from webhook.errors import InputError
from webhook.model.policy import BUILT_IN_ORDER, Origin, Policy
from webhook.policies.compile import compiled
from webhook.policies.schema import PolicyDocument

_FOLDER = resources(__package__)


class Profile(StrEnum):
    SAFE = "safe"
    STRICT = "strict"
    OFF = "off"


def built_in(profile: Profile) -> tuple[Policy, ...]:
    """The built-in policies of a profile, in order of precedence."""
    if profile is Profile.OFF:
        return ()
    source, regular_containers_only = f"built in ({profile})", profile is Profile.SAFE
    return tuple(
        compiled(
            _document(built_in_text(profile, name)),
            source=source,
            origin=Origin.BUILT_IN,
            regular_containers_only=regular_containers_only,
        )
        for name in BUILT_IN_ORDER
    )


def shipped(profile: Profile, preset_names: Iterable[str]) -> tuple[Policy, ...]:
    """The named presets and the built-ins of a profile. Raises InputError as `presets` does."""
    return (*presets(preset_names), *built_in(profile))


def built_in_text(profile: Profile, name: str) -> str:
    """The document of one built-in policy, with its comments."""
    return (_FOLDER / "builtin" / profile / f"{name}.yaml").read_text(encoding="utf-8")


def presets(names: Iterable[str]) -> tuple[Policy, ...]:
    """Presets by name, each once. Raises InputError for an unknown name."""
    return tuple(
        compiled(_document(preset_text(name)), source="preset", origin=Origin.PRESET)
        for name in dict.fromkeys(names)
    )


def preset_text(name: str) -> str:
    """The document of one preset, with its comments. Raises InputError for an unknown name."""
    if name not in preset_names():
        close = difflib.get_close_matches(name, preset_names(), n=1)
        message = f"no preset {name!r}; the presets are {', '.join(preset_names())}"
        hint = f"did you mean {close[0]}?" if close else ""
        raise InputError(message, name="unknown-preset", hint=hint)
    return (_FOLDER / "presets" / f"{name}.yaml").read_text(encoding="utf-8")


def preset_names() -> list[str]:
    return sorted(file.name.removesuffix(".yaml") for file in (_FOLDER / "presets").iterdir())


def _document(text: str) -> PolicyDocument:
    return PolicyDocument.model_validate(yaml_tree.load(text))
