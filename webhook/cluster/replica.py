"""The name of this replica, in what it writes."""

from __future__ import annotations

import os
import socket

from webhook.model.text import NAME_LENGTH


def replica_name() -> str:
    """The name of the Pod: the hostname is the Node's with hostNetwork."""
    return (os.environ.get("POD_NAME") or socket.gethostname())[:NAME_LENGTH]
