"""How podtailor is installed in a cluster, and when that last changed."""

from __future__ import annotations

import msgspec
from kubernetes.client import ApiClient
from msgspec import Struct, structs

from webhook.audit.cluster.objects import Written, changed, list_all, revision_of
from webhook.audit.enforcement import Enforcement, Scope
from webhook.audit.exported import ExportedPolicy
from webhook.certificates.lockout import lockout
from webhook.cluster.pager import Object, Resource, keep_object
from webhook.cluster.part import WHOLE_CLUSTER, ClusterPart
from webhook.cluster.policy_objects import policies_of
from webhook.cluster.reads import in_namespace, namespace_object
from webhook.cluster.snapshot_objects import NAMESPACES
from webhook.model.names import CONFIGURATION, OWN_NAMESPACE
from webhook.model.selectors import LabelSelector
from webhook.policies import policy_kinds


class Installation(Struct, frozen=True, kw_only=True):
    webhook: Scope | None = None
    bundle: bytes = b""
    """The caBundle, PEM; if empty, the API server trusts no certificate of the webhook."""
    lockout: str = ""
    """Why podtailor would not add a caBundle to this configuration; empty if it would."""
    arguments: tuple[str, ...] = ()
    """Of the server, with `PODTAILOR_...` variables written as flags."""
    mounted_secret: str = ""
    """The Secret with the certificate, if podtailor does not issue it."""
    changed: str = ""
    """When the server's arguments or image last changed."""
    webhook_is_known: bool = True
    """Whether the caller may read the configuration; if not, `webhook` is None all the same."""
    exported: tuple[ExportedPolicy, ...] = ()
    """Policies that the API server applies itself; empty if nobody asked."""


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


_PREFIX = "PODTAILOR_"
_SINGLE = {"BUILTIN": "builtin", "MODE": "mode", "TLS_SECRET": "tls-secret"}
# Values are separated by blanks.
_REPEATABLE = {"PRESET": "preset", "ACCELERATOR": "accelerator"}
_CONFIGURATIONS = Resource(
    "mutatingwebhookconfigurations",
    "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
    keep_object,
)
_DEPLOYMENTS = Resource("deployments", f"/apis/apps/v1/namespaces/{OWN_NAMESPACE}/deployments", keep_object)


def installation(api: ApiClient, part: ClusterPart = WHOLE_CLUSTER) -> Installation:
    """Of the webhook. Raises ClusterError."""
    installed, deployment = Installation(webhook_is_known=False), None
    with part.note_if_forbidden(
        "the webhook configuration", "it is unknown whether the API server calls podtailor"
    ):
        installed = _with_webhook(installed, _named(api, _CONFIGURATIONS, CONFIGURATION))
    with part.note_if_forbidden(
        f"the Deployment {OWN_NAMESPACE}/podtailor",
        "assuming that it has no arguments: built-in policies safe, no preset, mode Enforce",
    ):
        deployment = _named(api, _DEPLOYMENTS, "podtailor")
    return _with_server(installed, deployment)


def _with_webhook(installed: Installation, configuration: Object | None) -> Installation:
    installed = structs.replace(installed, webhook_is_known=True)
    if configuration is None:
        return installed
    webhooks = msgspec.json.decode(configuration.raw).get("webhooks") or []
    installed = structs.replace(installed, lockout=lockout(webhooks, OWN_NAMESPACE) or "")
    # Without the caBundle: it changes with certificates, and selects no Pods.
    since = changed(configuration, "rules", "namespaceSelector", "objectSelector")
    for each in msgspec.json.decode(configuration.raw, type=_Configuration).webhooks[:1]:
        scope = Scope(each.namespaceSelector.compiled(), each.objectSelector.compiled(), since)
        return structs.replace(installed, webhook=scope, bundle=each.clientConfig.caBundle)
    return installed


def _with_server(installed: Installation, deployment: Object | None) -> Installation:
    if deployment is None:
        return installed
    read = msgspec.json.decode(deployment.raw, type=_Deployment)
    template = read.spec.template.spec
    # Older replicas answer too until a rollout is done.
    progressed = [each.lastUpdateTime for each in read.status.conditions if each.type == "Progressing"]
    return structs.replace(
        installed,
        arguments=tuple(argument for each in template.containers[:1] for argument in _arguments(each)),
        mounted_secret=next(
            (each.secret.secretName for each in template.volumes if each.secret.secretName), ""
        ),
        changed=max([changed(deployment, "args", "env", "image"), *progressed]),
    )


def enforcement(
    api: ApiClient,
    installed: Installation,
    shipped: tuple[tuple[str, str], ...],
    since: str,
    namespace: str | None = None,
) -> Enforcement:
    """`shipped`: source and key of each policy that comes with the server; `since`: of `--since`.

    With a namespace, only for that one. Raises ClusterError.
    """
    if installed.webhook is None and not installed.exported:
        return Enforcement(since=since, knows_tailors=True)
    policies = dict.fromkeys(shipped, installed.changed) if installed.webhook and installed.changed else {}
    for kind in policy_kinds.KINDS if installed.webhook else ():
        metadata = Resource(
            kind.plural, policies_of(kind).path, keep_object, metadata_only=True, is_custom=True
        )
        for obj in list_all(api, in_namespace(metadata, namespace if kind.scope == "Namespaced" else None)):
            key = f"{obj.metadata.namespace or ''}/{obj.metadata.name}".removeprefix("/")
            # The removal of a field leaves no time, but the server's next write of the status does.
            policies[f"{kind.kind} {key}", key] = max(changed(obj, "spec"), _status_written(obj))
    metadata = Resource(NAMESPACES.name, NAMESPACES.path, keep_object, metadata_only=True)
    namespaces = list_all(api, metadata) if namespace is None else [namespace_object(api, namespace)]
    return Enforcement(
        webhook=installed.webhook,
        policies=policies,
        # Any write may have removed a label too.
        namespaces={obj.metadata.name: changed(obj) for obj in namespaces},
        revisions={obj.metadata.name: revision_of(obj.metadata) for obj in namespaces},
        since=since,
        knows_tailors=True,
    )


def _status_written(obj: Object) -> str:
    """When the server last wrote the condition of a policy, which it does after every change of its spec."""
    managed = msgspec.json.decode(obj.raw, type=Written).metadata.managedFields
    written = [each for each in managed if each.subresource == "status" and each.has_field("conditions")]
    return max((each.time for each in written), default="")


def _named(api: ApiClient, kind: Resource[Object], name: str) -> Object | None:
    return next(iter(list_all(api, kind, ("fieldSelector", f"metadata.name={name}"))), None)


def _arguments(container: _Container) -> list[str]:
    """Variables come first: a flag overrides a variable."""
    values = {each.name.removeprefix(_PREFIX): each.value for each in container.env}
    single = [f"--{flag}={values[name]}" for name, flag in _SINGLE.items() if values.get(name)]
    repeated = [
        f"--{flag}={value}" for name, flag in _REPEATABLE.items() for value in values.get(name, "").split()
    ]
    return ["serve", *single, *repeated, *container.args] if single or repeated else container.args
