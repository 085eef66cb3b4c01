"""Pods whose Node is not the scheduler's free choice."""

from __future__ import annotations

from webhook.model.draft import Reason
from webhook.model.subject import Subject


def fixed_placement(subject: Subject) -> Reason | None:
    """Why no edit may change where this Pod runs; None if the scheduler decides.

    The DaemonSet controller plans from its template: a Pod that selects more fails on the Node that it was
    made for, and is created again for ever.
    """
    if subject.is_daemon:
        return Reason.DAEMON_SET
    return Reason.NODE_NAME if subject.spec.nodeName else None
