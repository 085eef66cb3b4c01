"""The policies that ship with podtailor, compiled: commands read them as JSON, for YAML and the schema take long."""

from __future__ import annotations

from pathlib import Path

import msgspec

from webhook.documents import yaml_tree
from webhook.model.policy import BUILT_IN_ORDER, Origin
from webhook.policies.compile import compiled
from webhook.policies.schema import PolicyDocument
from webhook.policies.shipped import COMPILED, Compiled, Profile, built_in_text, preset_names, preset_text

PATH = Path("webhook/policies") / COMPILED


def shipped() -> Compiled:
    return Compiled(
        built_in={
            profile: tuple(
                compiled(
                    _document(built_in_text(profile, name)),
                    source=f"built in ({profile})",
                    origin=Origin.BUILT_IN,
                    regular_containers_only=profile is Profile.SAFE,
                )
                for name in BUILT_IN_ORDER
            )
            for profile in (Profile.SAFE, Profile.STRICT)
        },
        presets={
            name: compiled(_document(preset_text(name)), source="preset", origin=Origin.PRESET)
            for name in preset_names()
        },
    )


def _document(text: str) -> PolicyDocument:
    return PolicyDocument.model_validate(yaml_tree.load(text))


def text() -> str:
    return msgspec.json.format(msgspec.json.encode(shipped()), indent=1).decode() + "\n"


if __name__ == "__main__":
    PATH.write_text(text())
