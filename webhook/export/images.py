"""Names of images: `webhook.model.images` in CEL."""

from __future__ import annotations

from collections.abc import Sequence

from webhook.export.cel import values as cel
from webhook.export.cel.values import Bool, Int, Text
from webhook.export.regular_expressions import of_glob
from webhook.model.images import ImageGlob


def repository(image: Text) -> Text:
    """With its domain, without tag and digest; empty if there is no name."""
    name = cel.let(cel.split(image, "@")[0], _without_tag)
    return cel.let(name, lambda name: cel.when(name == "", cel.text(""), _normalized(name)))


def _without_tag(name: Text) -> Text:
    def cut(slash: Int) -> Text:
        return name.substring(0, slash + 1) + cel.split(name.substring(slash + 1), ":")[0]

    return cel.let(name.last_index_of("/"), cut)


def _normalized(name: Text) -> Text:
    """`tomcat` as `docker.io/library/tomcat`."""
    has_domain = name.matches("^(?s:[^/]*[.:A-Z][^/]*|localhost)/")
    on_docker_hub = name.matches(r"^(?:index\.)?docker\.io/")
    path = cel.when(on_docker_hub, name.substring(name.index_of("/") + 1), name)

    def on_docker(path: Text) -> Text:
        return cel.when(path.contains("/"), cel.text("docker.io/"), cel.text("docker.io/library/")) + path

    return cel.when(has_domain & ~on_docker_hub, name, cel.let(path, on_docker))


def is_one_of(repository: Text, patterns: Sequence[ImageGlob]) -> Bool:
    """Whether one of the patterns matches; one without `/` is compared with the last part of the name."""
    return repository.matches(regular_expression(patterns))


def regular_expression(patterns: Sequence[ImageGlob]) -> str:
    whole = [of_glob(glob) for each in patterns if each.is_whole for glob in each.globs]
    last = [of_glob(glob, "[^/]*") for each in patterns if not each.is_whole for glob in each.globs]
    alternatives = [*whole, *([f"(?:.*/)?(?:{'|'.join(last)})"] if last else [])]
    return f"^(?s:{'|'.join(alternatives)})$"
