"""Policies into the two objects, or every reason why not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from webhook.export.compile import compiled
from webhook.export.document import Exported, Options, exported
from webhook.export.program import TooLarge
from webhook.export.refusals import Refusal, refusals
from webhook.model.accelerators import Accelerators
from webhook.model.names import Mode
from webhook.model.policy import Policy, precedence


class Refused(Exception):
    """What cannot be exported. There is at least one reason."""

    def __init__(self, *reasons: Refusal) -> None:
        super().__init__("; ".join(each.reason for each in reasons))
        self.reasons = reasons


class Export(Struct, frozen=True):
    exported: Exported
    left_out: tuple[Refusal, ...] = ()
    """Of policies that it leaves out, all reasons."""


def export(
    policies: Iterable[Policy], accelerators: Accelerators, options: Options, *, is_partial: bool = False
) -> Export:
    """`is_partial`: without the policies that cannot be exported. Raises Refused."""
    in_order = sorted((each for each in policies if each.mode is not Mode.OFF), key=precedence)
    left_out = [*refusals(in_order)]
    refused = {id(each.policy) for each in left_out}
    kept = [each for each in in_order if id(each) not in refused]
    if left_out and not is_partial:
        raise Refused(*left_out)
    fitting = _most_that_fit(kept, accelerators, options)
    if fitting < len(kept):
        detail = (
            f"{len(kept)} policies are more than one MutatingAdmissionPolicy can hold: "
            f"the first {fitting} in order of precedence fit"
        )
        left_out += [Refusal(each, "exports-too-much", "", detail=detail) for each in kept[fitting:]]
        kept = kept[:fitting]
        if not is_partial:
            raise Refused(left_out[-1])
    made = _made(kept, accelerators, options)
    if made is None:
        raise Refused(*left_out, Refusal(None, "exports-nothing", ""))
    return Export(made, tuple(left_out))


def _made(policies: Sequence[Policy], accelerators: Accelerators, options: Options) -> Exported | None:
    """None if they set nothing. Raises TooLarge."""
    program = compiled(policies, accelerators, options.kubernetes)
    return exported(program, policies, options) if program else None


def _most_that_fit(policies: Sequence[Policy], accelerators: Accelerators, options: Options) -> int:
    """How many in order of precedence, by halves: almost always all."""

    def fits(count: int) -> bool:
        try:
            _made(policies[:count], accelerators, options)
        except TooLarge:
            return False
        return True

    if fits(len(policies)):
        return len(policies)
    fitting, too_many = 0, len(policies)
    while too_many - fitting > 1:
        middle = (fitting + too_many) // 2
        fitting, too_many = (middle, too_many) if fits(middle) else (fitting, middle)
    return fitting
