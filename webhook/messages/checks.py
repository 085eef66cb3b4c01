"""What `podtailor test` reports."""

from __future__ import annotations

from webhook.messages.message import Message

FAILED_TEST = Message(
    "failed-test",
    "a policy test expects something else",
    "The policies do something else to the manifest than the test expects: each line names the field, the value "
    "that is expected, and the one that it gets.",
    "If the change is wanted, correct `expect` in the test. Otherwise correct the policy; `podtailor explain -f "
    "FILE -p POLICY` says why it does what it does.",
)
