"""What of podtailor is installed in a cluster, and since when."""

from __future__ import annotations

import msgspec
from kubernetes.client import ApiClient
from msgspec import Struct

from webhook.audit.cluster.objects import Managed, revision_of
from webhook.audit.enforcement import Enforcement, WebhookScope
from webhook.certificates.lockout import lockout
from webhook.cluster.pager import Object, Resource, keep_object, objects
from webhook.cluster.part import WHOLE_CLUSTER, ClusterPart
from webhook.cluster.policy_objects import policies_of
from webhook.cluster.reads import as_cluster_error, empty_if_not_served, in_namespace, namespace_object
from webhook.cluster.snapshot_objects import NAMESPACES
from webhook.model.names import CONFIGURATION, OWN_NAMESPACE
from webhook.model.selectors import LabelSelector
from webhook.policies import policy_kinds


class Installation(Struct, frozen=True):
    webhook: WebhookScope | None = None
    bundle: bytes = b""
    """The caBundle, PEM; empty: the API server trusts nobody."""
    lockout: str = ""
    """Why podtailor would not be trusted by it; empty where nothing is wrong."""
    arguments: tuple[str, ...] = ()
    """What the server is started with; what stands in `PODTAILOR_...` variables is among them."""
    mounted_secret: str = ""
    """Where certificates come from that podtailor does not look after itself."""
    changed: str = ""
    """When those last changed."""
    webhook_is_known: bool = True
    """Whether the caller may read it; else that `webhook` is None says nothing."""


class _Managing(Struct, frozen=True):
    managedFields: list[Managed] = []


class _Changed(Struct, frozen=True):
    metadata: _Managing = _Managing()


class _ClientConfig(Struct, frozen=True):
    caBundle: bytes = b""


class _Webhook(Struct, frozen=True):
    clientConfig: _ClientConfig = _ClientConfig()
    namespaceSelector: LabelSelector = LabelSelector()
    objectSelector: LabelSelector = LabelSelector()


class _Configuration(Struct, frozen=True):
    webhooks: list[_Webhook] = []


class _Variable(Struct, frozen=True):
    name: str
    value: str = ""


class _Container(Struct, frozen=True):
    args: list[str] = []
    env: list[_Variable] = []


class _SecretVolume(Struct, frozen=True):
    secretName: str = ""


class _Volume(Struct, frozen=True):
    secret: _SecretVolume = _SecretVolume()


class _PodSpec(Struct, frozen=True):
    containers: list[_Container] = []
    volumes: list[_Volume] = []


class _Template(Struct, frozen=True):
    spec: _PodSpec = _PodSpec()


class _DeploymentSpec(Struct, frozen=True):
    template: _Template = _Template()


class _Condition(Struct, frozen=True):
    type: str = ""
    lastUpdateTime: str = ""


class _DeploymentStatus(Struct, frozen=True):
    conditions: list[_Condition] = []


class _Deployment(Struct, frozen=True):
    spec: _DeploymentSpec = _DeploymentSpec()
    status: _DeploymentStatus = _DeploymentStatus()


# Variables that say how Pods are tailored; those that hold several part them by blanks.
_PREFIX = "PODTAILOR_"
_ONE = {"BUILTIN": "builtin", "MODE": "mode", "TLS_SECRET": "tls-secret"}
_MANY = {"PRESET": "preset", "ACCELERATOR": "accelerator"}
_CONFIGURATIONS = Resource(
    "mutatingwebhookconfigurations",
    "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
    keep_object,
)
_DEPLOYMENTS = Resource("deployments", f"/apis/apps/v1/namespaces/{OWN_NAMESPACE}/deployments", keep_object)


def installation(api: ApiClient, part: ClusterPart = WHOLE_CLUSTER) -> Installation:
    """Raises ClusterError."""
    configuration = deployment = None
    webhook_is_known = False
    with part.note_if_forbidden(
        "the webhook configuration", "whether the API server asks podtailor is unknown"
    ):
        configuration = _named(api, _CONFIGURATIONS, CONFIGURATION)
        webhook_is_known = True
    with part.note_if_forbidden(
        f"the Deployment {OWN_NAMESPACE}/podtailor",
        "it is taken to run without arguments: built-in policies safe, no preset, mode Enforce",
    ):
        deployment = _named(api, _DEPLOYMENTS, "podtailor")
    webhook, bundle, dangerous, changed_at = None, b"", None, ""
    arguments: tuple[str, ...] = ()
    mounted = ""
    if configuration:
        webhooks = msgspec.json.decode(configuration.raw, type=_Configuration).webhooks
        dangerous = lockout(msgspec.json.decode(configuration.raw).get("webhooks") or [], OWN_NAMESPACE)
        # The caBundle comes and goes with certificates: it says nothing of who is selected.
        since = changed(configuration, "rules", "namespaceSelector", "objectSelector")
        for each in webhooks[:1]:
            webhook = WebhookScope(each.namespaceSelector.compiled(), each.objectSelector.compiled(), since)
            bundle = each.clientConfig.caBundle
    if deployment:
        read = msgspec.json.decode(deployment.raw, type=_Deployment)
        volumes = read.spec.template.spec.volumes
        mounted = next((each.secret.secretName for each in volumes if each.secret.secretName), "")
        arguments = tuple(word for each in read.spec.template.spec.containers[:1] for word in _words(each))
        # Until the rollout is over, replicas of before answer too.
        rolled = [each.lastUpdateTime for each in read.status.conditions if each.type == "Progressing"]
        changed_at = max([changed(deployment, "args", "env", "image"), *rolled])
    return Installation(webhook, bundle, dangerous or "", arguments, mounted, changed_at, webhook_is_known)


def enforcement(
    api: ApiClient,
    installed: Installation,
    shipped: tuple[tuple[str, str], ...],
    since: str,
    namespace: str | None = None,
) -> Enforcement:
    """Where and since when. `shipped`: sources and names of the policies that come with the server.

    `namespace`: in that one alone. Raises ClusterError.
    """
    if installed.webhook is None:
        return Enforcement(since=since)
    policies = dict.fromkeys(shipped, installed.changed) if installed.changed else {}
    for kind in policy_kinds.KINDS:
        dated = Resource(kind.plural, policies_of(kind).path, keep_object, metadata_only=True, is_custom=True)
        for found in _all(api, in_namespace(dated, namespace if kind.scope == "Namespaced" else None)):
            key = f"{found.metadata.namespace or ''}/{found.metadata.name}".removeprefix("/")
            # A field that was taken away leaves no time, but our own word about it in the status does.
            policies[f"{kind.kind} {key}", key] = max(changed(found, "spec"), _said(found))
    dated = Resource(NAMESPACES.name, NAMESPACES.path, keep_object, metadata_only=True)
    namespaces = _all(api, dated) if namespace is None else [namespace_object(api, namespace)]
    return Enforcement(
        installed.webhook,
        policies,
        # Whoever writes anything may take a label off as well.
        {found.metadata.name: changed(found) for found in namespaces},
        {found.metadata.name: revision_of(found.metadata) for found in namespaces},
        since=since,
    )


def changed(found: Object, *fields: str) -> str:
    """When somebody last wrote one of these fields, or any, by `managedFields`; else when it was made."""
    managed = msgspec.json.decode(found.raw, type=_Changed).metadata.managedFields
    times = [
        each.time for each in managed if not each.subresource and (not fields or any(map(each.names, fields)))
    ]
    return max(times, default=found.metadata.creationTimestamp or "")


def _said(found: Object) -> str:
    """When a replica last had something new to say about a policy: after every change of its spec."""
    managed = msgspec.json.decode(found.raw, type=_Changed).metadata.managedFields
    return max((each.time for each in managed if each.subresource == "status"), default="")


def _all(api: ApiClient, kind: Resource[Object], *query: tuple[str, str]) -> list[Object]:
    found: list[Object] = []
    with as_cluster_error(kind.name), empty_if_not_served(kind):
        found += objects(api, kind, [*query])
    return found


def _named(api: ApiClient, kind: Resource[Object], name: str) -> Object | None:
    return next(iter(_all(api, kind, ("fieldSelector", f"metadata.name={name}"))), None)


def _words(container: _Container) -> list[str]:
    """The arguments; variables first, for a flag beats a variable."""
    values = {each.name.removeprefix(_PREFIX): each.value for each in container.env}
    once = [f"--{flag}={values[name]}" for name, flag in _ONE.items() if values.get(name)]
    each = [f"--{flag}={value}" for name, flag in _MANY.items() for value in values.get(name, "").split()]
    return ["serve", *once, *each, *container.args] if once or each else container.args
