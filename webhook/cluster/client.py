"""Connect to the API server by the rules of kubectl."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import getproxies

from kubernetes import config
from kubernetes.client import ApiClient, Configuration
from kubernetes.config import ConfigException
from kubernetes.config.kube_config import KubeConfigLoader, KubeConfigMerger
from urllib3 import Retry
from yaml import YAMLError

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
    with _as_cluster_error(kubeconfig, context):
        if _is_in_pod(kubeconfig, context):
            config.load_incluster_config(configuration)
        else:
            files = _files(kubeconfig)
            config.load_kube_config(files, _context(files, context), client_configuration=configuration)
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
    with _as_cluster_error(kubeconfig, context):
        if _is_in_pod(kubeconfig, context):
            account = _ACCOUNT_NAMESPACE.read_text().strip() if _ACCOUNT_NAMESPACE.exists() else ""
            return os.environ.get("POD_NAMESPACE") or account or "default"
        files = _files(kubeconfig)
        loader = KubeConfigLoader(KubeConfigMerger(files).config, _context(files, context))
        return loader.current_context["context"].get("namespace") or "default"


def _files(kubeconfig: str | None) -> str:
    """Read here, because the client reads the variable when it is imported."""
    return kubeconfig or os.environ.get("KUBECONFIG") or "~/.kube/config"


def _context(files: str, given: str | None) -> str | None:
    """The current context of the first file that has one, as in kubectl; the client takes the last one."""
    each = (KubeConfigMerger(file).config for file in files.split(os.pathsep))
    named = (config.safe_get("current-context") for config in each if config)
    return given or next(filter(None, named), None)


def _is_in_pod(kubeconfig: str | None, context: str | None) -> bool:
    given = kubeconfig or context or os.environ.get("KUBECONFIG")
    return not given and "KUBERNETES_SERVICE_HOST" in os.environ


@contextmanager
def _as_cluster_error(kubeconfig: str | None, context: str | None) -> Iterator[None]:
    """Turn what the client raises for a broken kubeconfig into ClusterError."""
    try:
        yield
    except (ConfigException, OSError, YAMLError, TypeError, ValueError, AttributeError) as error:
        where = f"kubeconfig {kubeconfig}" if kubeconfig else "KUBECONFIG, or ~/.kube/config"
        which = f", context {context}" if context else ""
        raise ClusterError(f"{where}{which}: {str(error).removesuffix('.')}") from error
