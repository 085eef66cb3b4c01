"""A cluster as the server that is installed there sees it, for commands."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import typer
from msgspec import Struct, structs

from webhook.audit import what_if
from webhook.audit.cluster.discovery import custom_controllers
from webhook.audit.cluster.exported import with_exported_policies
from webhook.audit.cluster.installation import Installation, enforcement, installation
from webhook.audit.cluster.workloads import Selection
from webhook.audit.diagnosis import webhook_problems
from webhook.audit.enforcement import Enforcement
from webhook.audit.exported import problems_of, with_exported
from webhook.cli.cluster.server_args import override, parse_server_args
from webhook.cli.common.connect import warn_unready
from webhook.cli.common.manifests import LocatedManifest, TemplatePaths
from webhook.cli.common.policy_options import PolicyOptions, snapshot_from
from webhook.cli.common.terminal import warn
from webhook.cli.shell.usage import did_you_mean
from webhook.cluster import reads
from webhook.cluster.client import Api
from webhook.cluster.image_platforms import CONFIG_MAP
from webhook.cluster.part import WHOLE_CLUSTER, ClusterPart
from webhook.engine.snapshot import Snapshot
from webhook.errors import UsageError
from webhook.model.image_platforms import Known
from webhook.model.names import OWN_NAMESPACE
from webhook.model.notice import Notice
from webhook.model.pod import NO_METADATA
from webhook.model.policy import Policy
from webhook.model.subject import labels_of
from webhook.policies.merge import loaded_from, merge
from webhook.policies.shipped import Profile, shipped
from webhook.workloads.controllers import CONTROLLERS, PODS, Controller

_UNSURE = (
    "while that is unknown, no Pod counts as slipped through, and retrofit changes nothing: "
    "docs/security.md lists the roles that may read it"
)


class ClusterView(Struct, frozen=True, kw_only=True):
    """What decides about the Pods of a cluster."""

    snapshot: Snapshot
    enforcement: Enforcement
    installed: Installation = Installation()
    secret: str = ""
    """The Secret of the server's certificate; empty if the server does not issue it."""
    part: ClusterPart = WHOLE_CLUSTER

    @property
    def notes(self) -> list[str]:
        """What the caller may not read, and the consequences."""
        narrowed = [self.part.narrowed] if self.part.narrowed else []
        return [*narrowed, *self.part.unreadable, _UNSURE] if self.part.unreadable else narrowed

    @property
    def export_problems(self) -> list[str]:
        """What is wrong with policies that were exported."""
        return [*problems_of(self.installed.exported, self.snapshot.policies)]

    def exclusion(self, located: LocatedManifest, default_namespace: str) -> Notice | None:
        """Why the API server does not call podtailor for the Pods of a manifest, if it does not."""
        namespace = self.snapshot.namespace(located.ref(default_namespace).namespace)
        return self.enforcement.excludes(
            namespace, labels_of(located.manifest.admitted.metadata or NO_METADATA)
        )


def cluster_part(
    api: Api, namespace: str | None, default: str, *, all_namespaces: bool = False
) -> ClusterPart:
    """The namespace; without one, all, or the default for a caller who may not list namespaces.

    Raises ClusterError.
    """
    if namespace or all_namespaces or reads.may_list_namespaces(api):
        return ClusterPart(namespace, [])
    return ClusterPart(default, [], f"you may not list namespaces: only {default} is read")


def read(
    api: Api,
    part: ClusterPart,
    own: PolicyOptions | None = None,
    ctx: typer.Context | None = None,
    *,
    since: str = "",
    as_if_enforced: bool = False,
) -> ClusterView:
    """With the options of the installed server, except for those that the command was given.

    Raises InputError, ClusterError.
    """
    tried = loaded_from((own and own.policies) or ())
    installed = with_exported_policies(api, installation(api, part), part)
    settings = parse_server_args(installed.arguments)
    server = settings.policy_options
    wanted = override(server, own, ctx) if own and ctx else server
    base = snapshot_from(
        PolicyOptions(
            builtin=Profile.OFF,
            mode=wanted.mode,
            accelerator=wanted.accelerator,
            kubernetes_version=wanted.kubernetes_version,
        )
    )
    snapshot, policy_statuses = reads.snapshot(
        api, base, shipped(wanted.builtin, wanted.preset or ()), tried, part
    )
    warn_unready(policy_statuses)
    if any(policy.platforms for policy in snapshot.policies):
        snapshot = structs.replace(snapshot, image_platforms=_known_images(api, part))
    if part.unreadable:  # without knowing everything, no Pod counts as slipped through
        in_force = Enforcement(webhook=installed.webhook)
    else:
        names = tuple((each.source, each.key) for each in shipped(server.builtin, server.preset or ()))
        in_force = enforcement(api, installed, names, since, part.namespace)
        in_force = with_exported(in_force, installed.exported, snapshot)
    if as_if_enforced:
        snapshot, in_force = what_if.enforced(snapshot), what_if.in_force(in_force, snapshot)
    return ClusterView(
        snapshot=snapshot, enforcement=in_force, installed=installed, secret=settings.tls_secret, part=part
    )


def _known_images(api: Api, part: ClusterPart) -> Known:
    """As the server knows them. Raises ClusterError."""
    from webhook.images.known import known_images

    try:
        return known_images(reads.image_platforms(api, part), time.time())
    except ValueError as error:
        warn(f"ConfigMap {OWN_NAMESPACE}/{CONFIG_MAP} cannot be used: {error}", name="invalid-cache")
        return {}


def policies_in_force(
    api: Api, part: ClusterPart, own: PolicyOptions, ctx: typer.Context
) -> tuple[Policy, ...]:
    """By the same options as `read`. Raises InputError, ClusterError."""
    tried = loaded_from(own.policies or ())
    installed = with_exported_policies(api, installation(api, part), part)
    wanted = override(parse_server_args(installed.arguments).policy_options, own, ctx)
    policy_statuses = reads.policy_statuses(api, part)
    warn_unready(policy_statuses)
    for note in (*filter(None, [part.narrowed]), *(part.unreadable or ())):
        warn(note, name="incomplete-view")
    for problem in webhook_problems(installed, None, datetime.now(UTC)):
        warn(problem, name="not-installed" if installed.webhook is None else "not-called")
    in_cluster = (each.policy for each in policy_statuses if each.policy)
    return merge(tried, merge(in_cluster, shipped(wanted.builtin, wanted.preset or ())))


def all_controllers(api: Api, templates: TemplatePaths) -> tuple[Controller, ...]:
    """Kubernetes' own and those of --controller. Raises ClusterError."""
    return (*CONTROLLERS, *custom_controllers(api, templates))


def served_certificate(api: Api, view: ClusterView) -> bytes | None:
    """The certificate of the webhook, PEM; None if it cannot be read. Raises ClusterError."""
    secret = None
    with ClusterPart(unreadable=[]).note_if_forbidden("the Secret", "its certificate is not compared"):
        secret = reads.secret(api, OWN_NAMESPACE, view.secret) if view.secret else None
    return (secret or {}).get("tls.crt")


def selection(
    api: Api,
    part: ClusterPart,
    selector: str,
    kinds: str,
    templates: TemplatePaths,
) -> Selection:
    """`kinds` as `Deployment,Pod`. Raises InputError, ClusterError."""
    controllers = all_controllers(api, templates)
    known = {each.kind.lower(): each.kind for each in (*controllers, PODS)}
    words = [word for word in kinds.split(",") if word]
    for word in words:
        if word.lower().rstrip("s") not in known:
            message = f"--kinds {word}: one of {', '.join(known.values())}"
            raise UsageError(message, hint=did_you_mean(word, known.values()))
    wanted = frozenset(known[word.lower().rstrip("s")] for word in words)
    return Selection(
        namespace=part.namespace,
        selector=selector,
        kinds=wanted or None,
        controllers=controllers,
        unreadable=part.unreadable,
    )
