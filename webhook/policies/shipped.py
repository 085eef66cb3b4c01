"""The policies that podtailor ships: built-ins in two profiles, and presets that are off until named.

Profile `safe` never sets a limit that nobody asked for, and adds requests to regular containers only, never
to DaemonSet Pods. `strict` adds limits and the Guaranteed class, init containers and DaemonSets included. A
preset means all that it says.
"""

from __future__ import annotations

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
    """The built-in policies of a profile, in the order in which they are heard."""
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
    """The presets that are named, and the built-ins of a profile. Raises InputError as `presets` does."""
    return (*presets(preset_names), *built_in(profile))


def built_in_text(profile: Profile, name: str) -> str:
    """The document of one built-in policy, comments and all."""
    return (_FOLDER / "builtin" / profile / f"{name}.yaml").read_text()


def presets(names: Iterable[str]) -> tuple[Policy, ...]:
    """Presets by name, each once. Raises InputError naming those that there are."""
    return tuple(
        compiled(_document(preset_text(name)), source="preset", origin=Origin.PRESET)
        for name in dict.fromkeys(names)
    )


def preset_text(name: str) -> str:
    """The document of one preset, comments and all. Raises InputError naming those that there are."""
    if name not in preset_names():
        raise InputError(f"no preset {name!r}; there are {', '.join(preset_names())}")
    return (_FOLDER / "presets" / f"{name}.yaml").read_text()


def preset_names() -> list[str]:
    return sorted(file.name.removesuffix(".yaml") for file in (_FOLDER / "presets").iterdir())


def _document(text: str) -> PolicyDocument:
    return PolicyDocument.model_validate(yaml_tree.load(text))
