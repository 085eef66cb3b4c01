"""A notice is one line of text, cut as text from outside is cut everywhere."""

from __future__ import annotations

import pytest

from webhook.model.notice import Notice
from webhook.model.text import WARNING_LENGTH, truncate


@pytest.mark.parametrize("detail", ["short", "x" * 300, "é\n" * 120, "a\u202eb" * 100, ""])
def test_truncated_text_is_the_text_truncated(detail: str) -> None:
    notice = Notice("opted-out", detail)
    assert str(notice.truncated()) == truncate(str(notice), WARNING_LENGTH)
