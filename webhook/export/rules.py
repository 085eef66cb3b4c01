"""What the expressions of every edit are made from."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from webhook.export.cel.values import Bool, List, Text
from webhook.export.declared import Declared
from webhook.export.placement import Placement
from webhook.export.pod import Pod
from webhook.export.program import Program
from webhook.model.policy import Policy


class Rules(Struct, frozen=True, kw_only=True):
    program: Program
    pod: Pod
    policies: Sequence[Policy]
    """In order of precedence, without those that are off. Their position is their precedence."""
    matches: List[Bool]
    """For each policy, whether it matches the Pod."""
    types: List[Text]
    """The workload types of the Pod, as lower case words."""
    declared: Declared
    placement: Placement
    kubernetes: int | None = None
    """Minor version of the API server; None if unknown."""

    def applies(self, position: int) -> Bool:
        return self.matches[position]
