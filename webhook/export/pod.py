"""What rules ask about the Pod, as variables: `webhook.model.subject` in CEL.

Reads what `Subject` reads. The API server has defaulted the object before: each limit has its request.
"""

from __future__ import annotations

from msgspec import Struct

from webhook.export.cel import values as cel
from webhook.export.cel.code import Code
from webhook.export.cel.values import Any_, Bool, Int, List, Map, Text
from webhook.export.devices import count_of, device_names
from webhook.export.images import repository
from webhook.export.program import Program
from webhook.model.accelerators import Accelerators
from webhook.model.names import SKIP_CONTAINERS

OBJECT = Any_(Code("object"))
SPEC = OBJECT.field("spec", Any_)
METADATA = OBJECT.field("metadata", Any_)
NAMESPACE = Any_(Code("namespaceObject")).field("metadata", Any_)
NO_TEXT = cel.text("")
NO_TEXTS = cel.list_of([], Text)
NO_MAP = cel.map_of({}, Text)
NO_ITEMS = cel.list_of([], Any_)


class Container(Map[Any_]):
    """One container: a record that is made once for each."""

    def __init__(self, code: Code) -> None:
        super().__init__(code, Any_)

    def alike(self, code: Code) -> Container:
        return Container(code)

    @property
    def path(self) -> Text:
        """As a JSON pointer: `/spec/containers/0`."""
        return self.field("path", Text)

    @property
    def name(self) -> Text:
        return self.field("name", Text)

    @property
    def view(self) -> Any_:
        """As in the Pod."""
        return self.field("view", Any_)

    @property
    def is_regular(self) -> Bool:
        return self.field("regular", Bool)

    @property
    def is_init(self) -> Bool:
        """An ordinary init container, no sidecar."""
        return self.field("init", Bool)

    @property
    def is_skipped(self) -> Bool:
        """The annotation `skip-containers` names it."""
        return self.field("skipped", Bool)

    @property
    def image(self) -> Text:
        return self.field("image", Text)

    @property
    def repository(self) -> Text:
        """As `webhook.model.images.repository`."""
        return self.field("repository", Text)

    @property
    def requests(self) -> Map[Text]:
        """Amounts as their texts."""
        return self.field("requests", cel.mapped(Text))

    @property
    def limits(self) -> Map[Text]:
        return self.field("limits", cel.mapped(Text))

    @property
    def devices(self) -> List[Text]:
        """Names of the accelerators that it requests."""
        return self.field("devices", cel.listed(Text))


class Pod(Struct, frozen=True, kw_only=True):
    labels: Map[Text]
    annotations: Map[Text]
    namespace_labels: Map[Text]
    namespace_annotations: Map[Text]
    owner: Text
    """Kind of the controlling owner; empty if there is none."""
    is_daemon: Bool
    containers: List[Container]
    """Regular containers, then init containers and sidecars."""
    device_counts: List[Int]
    """For each container; 0 if it requests none, 1 for implausible numbers."""


def pod_of(program: Program, accelerators: Accelerators) -> Pod:
    """Make the variables. A name in CEL is that of the attribute."""
    labels = program.let("labels", METADATA.maybe("labels", default=NO_MAP))
    annotations = program.let("annotations", METADATA.maybe("annotations", default=NO_MAP))
    owner = program.let("owner", _owner())
    skipped = program.let(
        "skipped", cel.split(annotations.get(SKIP_CONTAINERS, NO_TEXT), ",").map(lambda name: name.strip())
    )
    listed = program.let("listed", _containers("containers") + _containers("initContainers"))
    containers = program.let("containers", listed.map(lambda one: _completed(one, skipped, accelerators)))
    counts = containers.map(lambda one: count_of(one.devices, one.requests, one.limits))
    return Pod(
        labels=labels,
        annotations=annotations,
        namespace_labels=program.let("namespaceLabels", NAMESPACE.maybe("labels", default=NO_MAP)),
        namespace_annotations=program.let(
            "namespaceAnnotations", NAMESPACE.maybe("annotations", default=NO_MAP)
        ),
        owner=owner,
        is_daemon=program.let("isDaemon", owner == "DaemonSet"),
        containers=containers,
        device_counts=program.let("deviceCounts", counts),
    )


def _owner() -> Text:
    controlling = METADATA.maybe("ownerReferences", default=NO_ITEMS).filter(
        lambda reference: reference.maybe("controller", default=cel.boolean(False))
    )
    return (controlling.map(lambda reference: reference.field("kind", Text)) + cel.texts([""]))[0]


def _containers(field: str) -> List[Container]:
    regular = field == "containers"

    def entry(index: Int, one: Any_) -> Container:
        is_init = cel.boolean(False) if regular else one.maybe("restartPolicy", default=NO_TEXT) != "Always"
        made = cel.record(
            {
                "path": cel.text(f"/spec/{field}/") + index.as_text(),
                "name": one.field("name", Text),
                "view": one,
                "regular": cel.boolean(regular),
                "init": is_init,
                "image": one.maybe("image", default=NO_TEXT),
                "requests": one.maybe("resources", "requests", default=NO_MAP),
                "limits": one.maybe("resources", "limits", default=NO_MAP),
            }
        )
        return Container(made.code)

    of_spec = SPEC.field(field, cel.listed(Any_)) if regular else SPEC.maybe(field, default=NO_ITEMS)
    return of_spec.each(entry)


def _completed(one: Container, skipped: List[Text], accelerators: Accelerators) -> Container:
    """With what takes a function of several of its fields."""
    made = cel.record(
        {
            "path": one.path,
            "name": one.name,
            "view": one.view,
            "regular": one.is_regular,
            "init": one.is_init,
            "image": one.image,
            "requests": one.requests,
            "limits": one.limits,
            "skipped": one.name.one_of(skipped),
            "repository": repository(one.image),
            "devices": device_names(one.requests, one.limits, accelerators),
        }
    )
    return Container(made.code)
