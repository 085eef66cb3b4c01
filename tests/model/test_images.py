"""Names of images and patterns on them: docs/policies.md, `ParseNormalizedNamed` of distribution/reference."""

from __future__ import annotations

import pytest

from webhook.model.images import image_glob, pattern_problem, repository


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("tomcat", "docker.io/library/tomcat"),
        ("tomcat:10", "docker.io/library/tomcat"),
        ("library/tomcat", "docker.io/library/tomcat"),
        ("docker.io/tomcat", "docker.io/library/tomcat"),
        ("index.docker.io/library/tomcat@sha256:ab", "docker.io/library/tomcat"),
        ("bitnami/redis:7", "docker.io/bitnami/redis"),
        ("quay.io/redis", "quay.io/redis"),
        ("localhost/redis", "localhost/redis"),
        ("registry:5000/redis", "registry:5000/redis"),
        ("Registry/redis", "Registry/redis"),
        ("r.example:5000/team/redis:7@sha256:ab", "r.example:5000/team/redis"),
        ("redis@sha256:ab", "docker.io/library/redis"),
        ("", ""),
        (":10", ""),
        ("@sha256:ab", ""),
        ("\u00c4/redis", "docker.io/\u00c4/redis"),
    ],
)
def test_repository(image: str, expected: str) -> None:
    assert repository(image) == expected


@pytest.mark.parametrize(
    ("pattern", "image", "expected"),
    [
        ("redis", "docker.io/library/redis:7", True),
        ("redis", "oliver006/redis_exporter:v1", False),
        ("redis*", "oliver006/redis_exporter:v1", True),
        ("library/redis", "docker.io/library/redis", True),
        ("library/redis", "redis:7", True),
        ("docker.io/library/tomcat", "tomcat:10", True),
        ("docker.io/tomcat", "tomcat:10", True),
        ("index.docker.io/library/tomcat", "tomcat:10", True),
        ("library/tomcat", "quay.io/library/tomcat", False),
        ("bitnami/*", "docker.io/bitnami/redis", True),
        ("*/tomcat", "tomcat:10", True),
        ("*/tomcat", "quay.io/team/tomcat", True),
        ("bit*/redis", "bitnami/redis", True),
        ("*.example/team/*", "r.example/team/app", True),
        ("*/library/redis", "docker.io/library/redis", True),
        ("docker.io/*", "docker.io/library/redis:7", True),
        ("docker.io/*", "redis", True),
        ("registry:5000/*", "registry:5000/a/b:1", True),
    ],
)
def test_image(pattern: str, image: str, expected: bool) -> None:
    assert image_glob(pattern).matches(repository(image)) is expected
    assert str(image_glob(pattern)) == pattern


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("redis:7", "tags and digests are not compared: write redis"),
        ("r.example:5000/redis:*", "tags and digests are not compared: write r.example:5000/redis"),
        ("redis@sha256:ab", "tags and digests are not compared: write redis"),
        ("/redis", "no part of an image name may be empty"),
        ("team//redis", "no part of an image name may be empty"),
        ("team/", "no part of an image name may be empty"),
        ("Redis", "image names consist of lower case letters, digits, '.', '_' and '-'"),
        ("r.example/Redis", "image names consist of lower case letters, digits, '.', '_' and '-'"),
        ("redis 7", "image names consist of lower case letters, digits, '.', '_' and '-'"),
    ],
)
def test_pattern_that_can_never_match(pattern: str, why: str) -> None:
    assert pattern_problem(pattern) == why


@pytest.mark.parametrize(
    "pattern", ["redis", "*", "registry:5000/app", "*/app", "a.b/c_d-e.f/*", "Registry/app"]
)
def test_pattern_that_can_match(pattern: str) -> None:
    assert pattern_problem(pattern) is None
