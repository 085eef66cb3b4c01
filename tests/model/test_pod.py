"""The view of a Pod: what it reads, what it ignores, and its error for a Pod that cannot be decoded."""

from __future__ import annotations

import msgspec
import pytest

from tests.support.pods import subject, yaml
from webhook.model.pod import pod_view


def test_unknown_fields_are_passed_over() -> None:
    view = pod_view(yaml("{spec: {future: {a: [1]}, containers: [{name: a, future: x}]}, status: 3}"))
    assert view.spec is not None
    assert view.spec.containers is not None
    assert view.spec.containers[0].name == "a"


@pytest.mark.parametrize("text", ["{}", "{metadata: null, spec: null}", "{spec: {containers: null}}"])
def test_missing_and_null_are_the_same(text: str) -> None:
    assert subject(yaml(text)).containers == ()


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("{spec: {containers: 3}}", r"\$\.spec\.containers"),
        (
            "{spec: {containers: [{resources: {limits: [1]}}]}}",
            r"\$\.spec\.containers\[0\]\.resources\.limits",
        ),
        ("{metadata: {labels: {a: 1}}}", r"\$\.metadata\.labels"),
    ],
)
def test_error_names_the_field(text: str, field: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=field):
        pod_view(yaml(text))
