"""Names of images as container runtimes understand them, and globs on them.

`tomcat:10`, `library/tomcat` and `docker.io/library/tomcat` are one repository: a first part without `.`, `:`
or capitals is no domain but a name on Docker Hub, and a single name is in its `library`.

Source: `ParseNormalizedNamed` in github.com/distribution/reference `normalize.go`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import Struct

from webhook.model.globs import Glob, glob

_DOCKER, _LIBRARY = "docker.io", "library"


class ImageGlob(Struct, frozen=True):
    """A glob on an image's repository; without `/` on its last path segment. Tag and digest never count."""

    text: str
    """As in the policy."""
    globs: tuple[Glob, ...]
    """One of them must match."""
    is_whole: bool

    @property
    def exact(self) -> str | None:
        """The only repository, or last segment, that it matches; None if it has a star."""
        return str(self.globs[0]) if self.globs[0].is_exact else None

    def matches(self, repository: str) -> bool:
        """`repository` as returned by the function of that name."""
        name = repository if self.is_whole else repository.rpartition("/")[2]
        return any(each.matches(name) for each in self.globs)

    def __str__(self) -> str:
        return self.text


def image_glob(pattern: str) -> ImageGlob:
    first, slash, _ = pattern.partition("/")
    if not slash:
        return ImageGlob(pattern, (glob(pattern),), is_whole=False)
    if "*" not in first:
        return ImageGlob(pattern, (glob(_normalized(pattern)),), is_whole=True)
    # The star may match a domain, or part of a name on Docker Hub.
    return ImageGlob(pattern, (glob(pattern), glob(f"{_DOCKER}/{pattern}")), is_whole=True)


def repository(image: str) -> str:
    """`tomcat:10` as `docker.io/library/tomcat`: with its domain, without tag and digest."""
    return _repository(image) if len(image) <= _MAX_CACHED else _without_tag(image)


def _without_tag(image: str) -> str:
    head, slash, last = image.partition("@")[0].rpartition("/")
    name = head + slash + last.partition(":")[0]
    return _normalized(name) if name else ""


# A cluster runs a few hundred images; longer names are not worth caching.
_MAX_CACHED = 256
_repository = lru_cache(maxsize=1024)(_without_tag)


def _normalized(name: str) -> str:
    domain, slash, path = name.partition("/")
    if not slash or not _is_domain(domain):
        domain, path = _DOCKER, name
    elif domain == f"index.{_DOCKER}":
        domain = _DOCKER
    if domain == _DOCKER and "/" not in path:
        path = f"{_LIBRARY}/{path}"
    return f"{domain}/{path}"


def _is_domain(part: str) -> bool:
    return part == "localhost" or _IN_DOMAINS.search(part) is not None


# Capitals of ASCII: no path may have others either.
_IN_DOMAINS = re.compile(r"[.:A-Z]")
_PATH = re.compile(r"[a-z0-9._*/-]+")


def pattern_problem(pattern: str) -> str | None:
    """Why no image can match the pattern; None if one can."""
    if "@" in pattern or ":" in pattern.rpartition("/")[2]:
        name = pattern.partition("@")[0]
        head, slash, last = name.rpartition("/")
        return f"tags and digests are not compared: write {head}{slash}{last.partition(':')[0]}"
    if pattern.startswith("/") or pattern.endswith("/") or "//" in pattern:
        return "no part of an image name may be empty"
    first, slash, path = pattern.partition("/")
    if not _PATH.fullmatch(path if slash else first):
        return "image names consist of lower case letters, digits, '.', '_' and '-'"
    return None
