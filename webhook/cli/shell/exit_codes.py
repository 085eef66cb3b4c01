"""The exit codes of all verbs, for `--help` and docs/reference.md."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

EXIT_CODES: Mapping[int, str] = MappingProxyType(
    {
        0: "done, or nothing found",
        1: "something was found, refused, or could not be judged",
        2: "wrong usage, or input that cannot be used",
        130: "interrupted",
    }
)

ONE: Mapping[str, str] = MappingProxyType(
    {
        "mutate": "with --check, a file would change or a Pod would be denied",
        "explain": "a Pod could not be judged",
        "audit": "a finding of --fail-on or not-judged, or you may not read everything that decides "
        "(never with --fail-on none)",
        "retrofit": "a repair was refused, timed out or brought no tailored Pods, "
        "or a Pod could not be judged",
        "recommend": "a container could not be judged, with --apply no policy could be written, "
        "or with --exit-code a size is to change",
        "resize": "a Pod is refused, or does not have its new size",
        "images": "an image has a level of --fail-on",
        "export": "a policy cannot be exported, the cluster is too old or has bounds that would not be seen, "
        "or with --check what is applied is something else",
        "test": "a test failed",
        "policies diff": "the cluster would change, or you may not read one of these policies",
        "certs check": "a problem, or something that you may not read",
    }
)
"""What exit code 1 means, by verb. Other verbs do not end with it."""


def sentence(verb: str) -> str:
    """For the help of a verb; an empty one is podtailor itself."""
    codes = {**EXIT_CODES, 1: ONE.get(verb)} if verb else EXIT_CODES
    return f"Exit codes: {'; '.join(f'{code} {text}' for code, text in codes.items() if text)}."
