from __future__ import annotations

import pytest

from webhook.errors import UsageError
from webhook.images.reference import parse_reference
from webhook.images.registry.mirrors import Mirrors


@pytest.mark.parametrize(
    ("mapped", "image", "expected"),
    [
        ("docker.io=mirror.example/hub", "nginx", ("mirror.example", "hub/library/nginx")),
        ("index.docker.io=mirror.example/hub", "nginx", ("mirror.example", "hub/library/nginx")),
        ("docker.io=mirror.example/hub/", "team/app:1", ("mirror.example", "hub/team/app")),
        ("quay.io=localhost:5000", "quay.io/team/app", ("localhost:5000", "team/app")),
        ("quay.io=a.example:5000/b/c", "quay.io/app", ("a.example:5000", "b/c/app")),
        ("quay.io=docker.io/quay", "quay.io/app", ("registry-1.docker.io", "quay/app")),
        ("quay.io=mirror.example", "nginx", ("registry-1.docker.io", "library/nginx")),
        ("quay.io=mirror.example", "quay.io.example/app", ("quay.io.example", "app")),
    ],
)
def test_place(mapped: str, image: str, expected: tuple[str, str]) -> None:
    assert Mirrors(["gcr.io=other.example", mapped]).place(parse_reference(image)) == expected


def test_no_mirrors() -> None:
    assert Mirrors().place(parse_reference("nginx")) == ("registry-1.docker.io", "library/nginx")


@pytest.mark.parametrize(
    "text",
    ["", "docker.io", "docker.io=", "=mirror.example", "docker.io/library=mirror.example", "docker.io=mirror/hub",
     "word=mirror.example", "docker.io=https://mirror.example", "docker.io=mirror.example/Hub",
     "docker.io=mirror.example/hub?x", "docker.io=mirror.example//hub", "docker.io=me@mirror.example"],
)  # fmt: skip
def test_text_of_another_form(text: str) -> None:
    with pytest.raises(UsageError, match="write HOST=HOST/PATH") as raised:
        Mirrors([text])
    assert str(raised.value).startswith(f"{text}: ")
