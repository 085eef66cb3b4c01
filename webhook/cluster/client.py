"""Connect to the API server by the rules of kubectl."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.request import getproxies

from kubernetes import config
from kubernetes.client import ApiClient, Configuration
from kubernetes.config import ConfigException
from kubernetes.config.kube_config import KubeConfigLoader, KubeConfigMerger
from urllib3 import Retry

from webhook.cluster import kubeconfig as kubeconfig_
from webhook.errors import ClusterError

Api = ApiClient


_ACCOUNT_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


_LOOPBACK = "localhost,127.0.0.0/8,::1"

# For commands: an API server under load says in Retry-After when to try again.
_RETRY_429 = Retry(total=5, connect=0, read=0, other=0, status_forcelist=[429], allowed_methods=None)


def api_client(
    kubeconfig: str | None = None, context: str | None = None, *, retry_429: bool = False
) -> ApiClient:
    """A client for `kubeconfig`, else `KUBECONFIG`, else ~/.kube/config; in a Pod for its ServiceAccount.

    `retry_429`: retries on 429, honouring Retry-After. Raises ClusterError.
    """
    configuration = Configuration()
    if _is_in_pod(kubeconfig, context):
        try:
            config.load_incluster_config(configuration)
        except (ConfigException, OSError) as error:
            message = f"no token of a ServiceAccount in this Pod: {str(error).removesuffix('.')}"
            hint = "set automountServiceAccountToken: true in its spec, or give --kubeconfig FILE"
            raise ClusterError(message, name="no-kubeconfig", hint=hint) from error
    else:
        files, name = kubeconfig_.find(kubeconfig, context)
        with kubeconfig_.as_cluster_error(files, name):
            config.load_kube_config(files, name, client_configuration=configuration)
    # As kubectl: a proxy of the kubeconfig is always used, one of the environment not for loopback addresses.
    is_named = configuration.proxy not in getproxies().values()
    configuration.no_proxy = None if is_named else f"{configuration.no_proxy or ''},{_LOOPBACK}"
    # Otherwise the caller decides about retries and timeouts.
    configuration.retries = _RETRY_429 if retry_429 else False
    return ApiClient(configuration)


def current_namespace(kubeconfig: str | None = None, context: str | None = None) -> str:
    """The namespace that kubectl uses without -n: the context's, in a Pod the Pod's own, else `default`.

    Raises ClusterError.
    """
    if _is_in_pod(kubeconfig, context):
        account = _ACCOUNT_NAMESPACE.read_text().strip() if _ACCOUNT_NAMESPACE.exists() else ""
        return os.environ.get("POD_NAMESPACE") or account or "default"
    files, name = kubeconfig_.find(kubeconfig, context)
    with kubeconfig_.as_cluster_error(files, name):
        loader = KubeConfigLoader(KubeConfigMerger(files).config, name)
        return loader.current_context["context"].get("namespace") or "default"


def cluster_name(kubeconfig: str | None = None, context: str | None = None) -> str:
    """For people: the name of the context. Raises ClusterError."""
    if _is_in_pod(kubeconfig, context):
        return "the cluster of this Pod"
    return kubeconfig_.find(kubeconfig, context)[1]


def _is_in_pod(kubeconfig: str | None, context: str | None) -> bool:
    given = kubeconfig or context or os.environ.get("KUBECONFIG")
    return not given and "KUBERNETES_SERVICE_HOST" in os.environ
