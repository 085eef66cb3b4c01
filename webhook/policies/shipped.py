"""The policies that podtailor ships: built-ins in two profiles.

Profile `safe` never sets a limit that nobody asked for, and adds requests to regular containers only, never
to DaemonSet Pods. `strict` adds limits and the Guaranteed class, init containers and DaemonSets included.
"""

from __future__ import annotations

from enum import StrEnum
from importlib.resources import files as resources

from webhook import yaml_tree
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
    source, cautious = f"built in ({profile})", profile is Profile.SAFE
    return tuple(
        compiled(
            _document(built_in_text(profile, name)), source=source, origin=Origin.BUILT_IN, cautious=cautious
        )
        for name in BUILT_IN_ORDER
    )


def built_in_text(profile: Profile, name: str) -> str:
    """The document of one built-in policy, comments and all."""
    return (_FOLDER / "builtin" / profile / f"{name}.yaml").read_text()


def _document(text: str) -> PolicyDocument:
    return PolicyDocument.model_validate(yaml_tree.load(text))
