"""Names of live objects, as kubectl takes them."""

from __future__ import annotations

import pytest

from webhook.cli.cluster.targets import named
from webhook.errors import InputError
from webhook.workloads.controllers import CONTROLLERS, PODS, Controller

ROLLOUT = Controller("Rollout", "argoproj.io/v1alpha1", "rollouts", (("spec", "template"),))
KINDS = (PODS, *CONTROLLERS, ROLLOUT)


@pytest.mark.parametrize(
    ("words", "targets"),
    [
        pytest.param("pod/web-0", [("Pod", "web-0")], id="TYPE/NAME"),
        pytest.param("pod web-0", [("Pod", "web-0")], id="TYPE NAME"),
        pytest.param("po web-0 web-1", [("Pod", "web-0"), ("Pod", "web-1")], id="TYPE NAME NAME"),
        pytest.param("web", [(None, "web")], id="a name"),
        pytest.param("web db", [(None, "web"), (None, "db")], id="names"),
        pytest.param("deploy", [(None, "deploy")], id="a name that is the word of a type"),
        pytest.param("sts/db web", [("StatefulSet", "db"), (None, "web")], id="both"),
        pytest.param("Deployment/web", [("Deployment", "web")], id="a kind in its own letters"),
        pytest.param("deployments.apps/web", [("Deployment", "web")], id="with the group"),
        pytest.param("rollouts.argoproj.io/web", [("Rollout", "web")], id="a kind of --controller"),
    ],
)
def test_names(words: str, targets: list[tuple[str | None, str]]) -> None:
    assert [(kind and kind.kind, name) for kind, name in named(words.split(), KINDS)] == targets


@pytest.mark.parametrize(
    ("word", "kind"),
    [("po", "Pod"), ("deploy", "Deployment"), ("sts", "StatefulSet"), ("ds", "DaemonSet"), ("rs", "ReplicaSet"),
     ("rc", "ReplicationController"), ("cj", "CronJob"), ("job", "Job"), ("jobs", "Job")],
)  # fmt: skip
def test_short_names(word: str, kind: str) -> None:
    ((found, name),) = named([f"{word}/x"], KINDS)
    assert (found and found.kind, name) == (kind, "x")


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        ("deplyment/web", "deplyment/web: unknown type deplyment", "did you mean deployment/web?"),
        (
            "zebra/web",
            "zebra/web: unknown type zebra",
            "if zebra is a namespace, write web -n zebra\n--controller names kinds of your own",
        ),
        (
            "shop/web",
            "shop/web: unknown type shop",
            "if shop is a namespace, write web -n shop\n--controller names kinds of your own",
        ),
        ("pod/", "pod/: write a name after the slash", ""),
        ("pod sts/db", "pod sts/db: write TYPE NAME or TYPE/NAME, not both", ""),
    ],
)
def test_what_is_no_name(words: str, message: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        named(words.split(), KINDS)
    assert (str(caught.value), caught.value.hint) == (message, hint)
