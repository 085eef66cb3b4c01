"""Options that several commands parse."""

from __future__ import annotations

import pytest

from webhook.cli.common.options import parse_controllers
from webhook.errors import InputError


def test_template_stands_where_it_is_said() -> None:
    flags = ["Rollout.v1alpha1.argoproj.io=spec.template", "X.v1.x.io=spec.a", "X.v1.x.io=spec.*.b"]
    assert parse_controllers(flags) == {
        ("argoproj.io/v1alpha1", "Rollout"): (("spec", "template"),),
        ("x.io/v1", "X"): (("spec", "a"), ("spec", "*", "b")),
    }
    with pytest.raises(InputError, match="write it like"):
        parse_controllers(["Rollout.argoproj.io=spec.template"])
