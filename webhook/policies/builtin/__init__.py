"""The built-in policies, `gpu`, `stateful`, `arm64` and `general`, in two profiles of one file each policy.

`safe` never sets a limit that nobody asked for, and adds requests to regular containers only, never to
DaemonSet Pods. `strict` adds limits and the Guaranteed class, init containers and DaemonSets included.
"""

from __future__ import annotations

from enum import StrEnum
from importlib.resources import files as resources
from importlib.resources.abc import Traversable

from webhook import files as manifests
from webhook.model.policy import BUILT_IN_ORDER, Origin, Policy
from webhook.policies.compile import compiled
from webhook.policies.schema import PolicyDocument


class Profile(StrEnum):
    SAFE = "safe"
    STRICT = "strict"
    OFF = "off"


def built_in(profile: Profile) -> tuple[Policy, ...]:
    """The built-in policies of a profile, in the order in which they are heard."""
    if profile is Profile.OFF:
        return ()
    cautious = profile is Profile.SAFE
    return tuple(
        compiled(
            PolicyDocument.model_validate(manifests.plain(manifests.parsed(built_in_text(profile, name)))),
            source=f"built in ({profile})",
            origin=Origin.BUILT_IN,
            cautious=cautious,
        )
        for name in BUILT_IN_ORDER
    )


def built_in_text(profile: Profile, name: str) -> str:
    """The document of one built-in policy, comments and all."""
    return _folder().joinpath(profile, f"{name}.yaml").read_text()


def _folder() -> Traversable:
    return resources(__name__)
