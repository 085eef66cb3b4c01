"""Names of images: `webhook.model.images` in CEL."""

from __future__ import annotations

from collections.abc import Sequence

from webhook.export.cel import values as cel
from webhook.export.cel.values import Bool, Int, Text
from webhook.model.images import ImageGlob


def repository(image: Text) -> Text:
    """With its domain, without tag and digest."""
    name = cel.split(image, "@")[0]
    return cel.let(cel.let(name, _without_tag), _normalized)


def _without_tag(name: Text) -> Text:
    def cut(slash: Int) -> Text:
        return name.substring(0, slash + 1) + cel.split(name.substring(slash + 1), ":")[0]

    return cel.let(name.last_index_of("/"), cut)


def _normalized(name: Text) -> Text:
    """As Docker reads it: `tomcat` is `docker.io/library/tomcat`."""
    has_domain = name.matches(r"^(?s:[^/]*[.:A-Z][^/]*|localhost)/")
    on_docker_hub = name.matches(r"^(?:index\.)?docker\.io/")
    path = name.replace("index.docker.io/", "").replace("docker.io/", "")
    del path
    return cel.when(has_domain & ~on_docker_hub, name, cel.text("docker.io/") + name)


def is_one_of(name: Text, patterns: Sequence[ImageGlob]) -> Bool:
    """Whether one of the patterns matches the repository."""
    raise NotImplementedError
