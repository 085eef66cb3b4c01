"""Lists that a Pod declares, and that must stay as they are: `webhook.model.declared` in CEL."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from webhook.export.cel import values as cel
from webhook.export.cel.values import Any_, Bool, List, Text
from webhook.export.pod import METADATA, NO_ITEMS, NO_TEXT, Container, Pod
from webhook.export.program import Program
from webhook.model.declared import (
    CONTAINER_PREFIX,
    CONTAINER_SUFFIX,
    LAST_APPLIED,
    NO_AFFINITY,
    PREFERRED,
    REQUIRED,
    named,
)
from webhook.model.pod import field_path


class Declared(Struct, frozen=True):
    is_manifest: Bool
    """`kubectl apply` keeps the manifest: then its text decides, else the fields of server-side applies."""
    manifest: Text
    """Empty for Pods of a controller, which are never applied."""
    fields: List[Any_]
    """What each server-side apply declares of the spec; none for Pods of a controller."""
    names_resize_policy: Bool
    """The manifest does; a variable, for a long text is searched for each container otherwise."""
    names_affinity: dict[str, Bool]
    """By list of nodeAffinity, likewise."""

    @property
    def tolerations(self) -> Bool:
        in_manifest = self.manifest.matches(named("tolerations"))
        return self._either(in_manifest, lambda spec: _reaches(spec, "tolerations"))

    @property
    def node_selector(self) -> Bool:
        """Only server-side apply replaces it as a whole."""
        applied = self.fields.exists(lambda spec: _reaches(spec, "nodeSelector"))
        return ~self.is_manifest & applied

    def affinity(self, kind: str) -> Bool:
        """`kind`: the name of one of the lists of nodeAffinity."""
        return self._either(
            self.names_affinity[kind], lambda spec: _reaches(spec, "affinity", "nodeAffinity", kind)
        )

    def has_resize_policy_of(self, container: Container) -> Bool:
        """After `kubectl apply` any container may: which one, its text does not say."""
        key = cel.text(CONTAINER_PREFIX) + container.name + CONTAINER_SUFFIX

        def applied(spec: Any_) -> Bool:
            return cel.any_of(
                *(
                    spec.reaches(field_path(containers), key, field_path("resizePolicy"))
                    for containers in ("containers", "initContainers")
                )
            )

        return self._either(self.names_resize_policy, applied)

    def _either(self, in_manifest: Bool, applied: Callable[[Any_], Bool]) -> Bool:
        return cel.when(self.is_manifest, in_manifest, self.fields.exists(applied))


def declared_lists(pod: Pod, program: Program) -> Declared:
    is_bare = pod.owner == ""
    manifest = cel.when(is_bare, pod.annotations.get(LAST_APPLIED, NO_TEXT), NO_TEXT)
    applied = METADATA.maybe("managedFields", default=NO_ITEMS).filter(
        lambda entry: is_bare & (entry.maybe("operation", default=NO_TEXT) == "Apply")
    )
    text = program.let("manifest", manifest)
    spec = field_path("spec")
    fields = applied.filter(lambda entry: entry.reaches("fieldsV1", spec)).map(
        lambda entry: entry.field("fieldsV1", Any_).field(spec, Any_)
    )
    return Declared(
        text != "",
        text,
        program.let("appliedFields", fields),
        program.let("manifestNamesResizePolicy", text.matches(named("resizePolicy"))),
        {
            kind: program.let(f"manifestNames{word}Affinity", text.matches(f"{NO_AFFINITY}|{named(kind)}"))
            for kind, word in ((REQUIRED, "Required"), (PREFERRED, "Preferred"))
        },
    )


def _reaches(spec: Any_, *names: str) -> Bool:
    return spec.reaches(*map(field_path, names))
