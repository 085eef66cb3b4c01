"""The sets of policies whose export is compared: those that ship, the examples, and one that wants everything."""

from __future__ import annotations

from webhook.model.policy import Policy
from webhook.policies.load import load_or_raise
from webhook.policies.shipped import Profile, built_in, preset_names, shipped

GREEDY = (*load_or_raise(["tests/e2e/greedy-policies.yaml"]), *built_in(Profile.STRICT))
SETS: dict[str, tuple[Policy, ...]] = {
    "safe": built_in(Profile.SAFE),
    "strict": built_in(Profile.STRICT),
    # Without those that ask what platforms images have: they are refused.
    "presets": tuple(each for each in shipped(Profile.SAFE, preset_names()) if not each.platforms),
    "examples": (*load_or_raise(["examples/policies"]), *built_in(Profile.STRICT)),
    "greedy": GREEDY,
}
