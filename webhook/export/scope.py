"""Which containers a policy shapes: `webhook.model.policy.Scope` in CEL."""

from __future__ import annotations

from webhook.export import images
from webhook.export.cel import values as cel
from webhook.export.cel.values import Bool
from webhook.export.pod import Container
from webhook.export.regular_expressions import of_globs
from webhook.model.policy import Scope


def covers(scope: Scope, container: Container) -> Bool:
    """Both the name and the image must be in it."""
    return cel.all_of(
        *([container.name.matches(of_globs(scope.names))] if scope.names is not None else []),
        *([images.is_one_of(container.repository, scope.images)] if scope.images is not None else []),
    )
