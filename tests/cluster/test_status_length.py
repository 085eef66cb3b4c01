"""A status is for people to read, and the API takes 32,768 characters of a message."""

from __future__ import annotations

from msgspec import structs

from tests.cluster.answers import answering
from webhook.cluster.kinds import Known
from webhook.cluster.listing import Meta
from webhook.cluster.standing import Standings
from webhook.cluster.status import StatusWriter
from webhook.policies import crd


def test_long_message_is_cut() -> None:
    known = Known(crd.KINDS[0], Meta(name="a", uid="a", generation=1), b"{}", None)
    (standing,) = Standings().of([known])
    with answering() as (answers, api):
        answers.give({})
        writer = StatusWriter(api)
        writer.start()
        writer.wants((structs.replace(standing, message="why " * 10_000),))
        answers.wait_for(1)
        writer.stop()
        writer.join(10)
    (condition,) = answers.asked[0]["status"]["conditions"]
    assert condition["message"].startswith("why why")
    assert len(condition["message"]) == 1024
