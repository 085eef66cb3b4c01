"""The settings of an installed server, from the arguments of its Deployment."""

from __future__ import annotations

import pytest

from webhook.cli.cluster.server_args import ServerArgs, parse_server_args
from webhook.cli.common.policy_options import PolicyOptions
from webhook.model.names import Mode
from webhook.policies.shipped import Profile


@pytest.mark.parametrize(
    ("arguments", "settings"),
    [
        ((), ServerArgs()),
        (("serve", "--from-cluster", "--tls-secret=own"), ServerArgs(tls_secret="own")),  # noqa: S106 (its name)
        (
            ("serve", "--mode=Audit", "--builtin", "strict", "--preset=redis", "--preset", "jvm", "--accelerator=x.y/z"),
            ServerArgs(policy_options=PolicyOptions(builtin=Profile.STRICT, preset=["redis", "jvm"], mode=Mode.AUDIT, accelerator=["x.y/z"])),
        ),
        (("serve", "--from-cluster=true", "--builtin=off"), ServerArgs()),
        (("serve", "--flag-of-another-version=1", "--builtin=off"), ServerArgs(policy_options=PolicyOptions(builtin=Profile.OFF))),
    ],
)  # fmt: skip
def test_server_is_read_from_its_arguments(arguments: tuple[str, ...], settings: ServerArgs) -> None:
    assert parse_server_args(arguments) == settings


@pytest.mark.parametrize("argument", ["--mode=perhaps", "--mode"], ids=["bad value", "no value"])
def test_arguments_that_no_server_takes_are_warned_of(
    argument: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert parse_server_args(("serve", argument)) == ServerArgs()
    assert "the arguments of the Deployment podtailor are not understood" in capsys.readouterr().err
