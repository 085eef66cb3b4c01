"""Images in a table."""

from __future__ import annotations

import pytest

from webhook.cli.images.table import COLUMNS, markdown, rows
from webhook.images.survey import JudgedImage, Owner, Use
from webhook.model.image_platforms import Level
from webhook.workloads.workload import Ref


def _owner(*uses: Use, kind: str = "Deployment", namespace: str = "shop", pods: int = 2) -> Owner:
    return Owner(ref=Ref(kind, namespace, "web"), pods=pods, cpu=0, uses=uses)


def _image(*owners: Owner, image: str = "proxy:2", source: str = "index") -> JudgedImage:
    return JudgedImage(image=image, level=Level.NO, source=source, seen=0, owners=owners)


OWN = Use("app", "proxy:2")
INJECTED = Use("app", "proxy:2", is_injected=True)


@pytest.mark.parametrize(
    ("owners", "text"),
    [
        pytest.param([_owner(OWN)], "deploy/web (2 Pods)", id="one"),
        pytest.param([_owner(OWN, pods=0)], "deploy/web (0 Pods)", id="none that runs"),
        pytest.param([_owner(OWN, kind="Pod", pods=1)], "pod/web", id="a Pod"),
        pytest.param([_owner(INJECTED)], "deploy/web (2 Pods) (injected)", id="injected"),
        pytest.param([_owner(INJECTED), _owner(INJECTED)], "2 owners (injected)", id="injected into several"),
        pytest.param([_owner(INJECTED), _owner(OWN)], "2 owners", id="in a template too"),
        pytest.param([_owner(OWN), _owner(OWN, namespace="lab")], "2 owners", id="of two namespaces"),
    ],
)
def test_used_by(owners: list[Owner], text: str) -> None:
    (row,) = rows([_image(*owners)])
    assert COLUMNS[-1].cell(row) == text


def test_namespaces_are_named_if_there_are_several() -> None:
    first, second = rows([_image(_owner(OWN)), _image(_owner(OWN, namespace="lab"))])
    assert COLUMNS[-1].cell(first) == "shop/deploy/web (2 Pods)"
    assert COLUMNS[-1].cell(second) == "lab/deploy/web (2 Pods)"


def test_markdown_shows_what_users_wrote_as_code() -> None:
    odd = "a|b`c\n| x |"
    assert markdown("Nothing", rows([_image(_owner(Use("app", odd)), image=odd)])).splitlines()[-1] == (
        r"| ``a\|b`c \| x \|`` | `no` | `index` | `deploy/web (2 Pods)` |"
    )
    assert markdown("Nothing", []) == "### podtailor images\n\nNothing.\n"
