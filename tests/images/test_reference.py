"""Names of images as places to ask: `ParseDockerRef` of distribution/reference."""

from __future__ import annotations

import pytest

from webhook.images.reference import Reference, parse_reference

_SHA = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("nginx", Reference("docker.io", "library/nginx", "latest", None)),
        ("nginx:1.27", Reference("docker.io", "library/nginx", "1.27", None)),
        ("bitnami/redis", Reference("docker.io", "bitnami/redis", "latest", None)),
        ("index.docker.io/nginx", Reference("docker.io", "library/nginx", "latest", None)),
        ("localhost/app:1", Reference("localhost", "app", "1", None)),
        ("r.example:5000/a/b/c", Reference("r.example:5000", "a/b/c", "latest", None)),
        ("r.example:5000/a:v1", Reference("r.example:5000", "a", "v1", None)),
        ("[fd00::1]:5000/app:1", Reference("[fd00::1]:5000", "app", "1", None)),
        (f"nginx@{_SHA}", Reference("docker.io", "library/nginx", None, _SHA)),
        (f"r.example/a:v1@{_SHA}", Reference("r.example", "a", None, _SHA)),
        ("r.example/a__b/c--d", Reference("r.example", "a__b/c--d", "latest", None)),
    ],
)
def test_reference(image: str, expected: Reference) -> None:
    assert parse_reference(image) == expected


@pytest.mark.parametrize(
    "image",
    [
        *("", " ", "nginx ", "nginx:", "nginx@", "Nginx", "r.example/Nginx", "r.example/", "/nginx", "a//b", "a/../b"),
        *("r.example/a?b", "r.example/a#b", "r.example/a%2f", "r.example:port/a", "me@r.example/a", "r.example:5000000/a"),
        *("nginx:a/b:c", "nginx:-1", "nginx:" + "1" * 129, "nginx@sha256:ab", "nginx@md5:" + "0" * 32, f"nginx@{_SHA}0"),
        *("r.example\n/a", "nginx:1\n", "https://r.example/a", "a" * 300, "r_.example/a", "-r.example/a"),
    ],
)  # fmt: skip
def test_text_that_is_no_image(image: str) -> None:
    with pytest.raises(ValueError, match="not the name of an image"):
        parse_reference(image)


def test_whom_and_what_to_ask() -> None:
    tagged, pinned = parse_reference("nginx"), parse_reference(f"r.example/a:v1@{_SHA}")
    assert (tagged.api_host, tagged.wanted) == ("registry-1.docker.io", "latest")
    assert (pinned.api_host, pinned.wanted) == ("r.example", _SHA)
    assert (tagged.repository, pinned.repository) == ("docker.io/library/nginx", "r.example/a")


@pytest.mark.parametrize(
    ("image", "text"),
    [("nginx", "docker.io/library/nginx:latest"), (f"r.example/a:v1@{_SHA}", f"r.example/a@{_SHA}")],
)
def test_text_is_the_whole_name(image: str, text: str) -> None:
    assert str(parse_reference(image)) == text
