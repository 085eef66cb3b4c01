"""Reach the API server as kubectl does."""

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

# For who asks once: an API server under load says when to come again.
_BUSY = Retry(total=5, connect=0, read=0, other=0, status_forcelist=[429], allowed_methods=None)


def api_client(
    kubeconfig: str | None = None, context: str | None = None, *, retry_429: bool = False
) -> ApiClient:
    """Kubectl's rules: the file given, else `KUBECONFIG`, else ~/.kube/config; in a Pod its ServiceAccount.

    `retry_429`: whoever is told 429 asks again, as late as the API server says. Raises ClusterError.
    """
    chosen = Configuration()
    with _read(kubeconfig, context):
        if _is_in_pod(kubeconfig, context):
            config.load_incluster_config(chosen)
        else:
            files = _files(kubeconfig)
            config.load_kube_config(files, _context(files, context), client_configuration=chosen)
    # As kubectl: a proxy of the kubeconfig is always used, one of the environment not for this machine.
    is_named = chosen.proxy not in getproxies().values()
    chosen.no_proxy = None if is_named else f"{chosen.no_proxy or ''},{_LOOPBACK}"
    # Else who asks decides when to ask again, and how long it may take.
    chosen.retries = _BUSY if retry_429 else False
    return ApiClient(chosen)


def current_namespace(kubeconfig: str | None = None, context: str | None = None) -> str:
    """That of the context, in a Pod that of its ServiceAccount, else `default`: as kubectl without -n.

    Raises ClusterError.
    """
    with _read(kubeconfig, context):
        if _is_in_pod(kubeconfig, context):
            account = _ACCOUNT_NAMESPACE.read_text().strip() if _ACCOUNT_NAMESPACE.exists() else ""
            return os.environ.get("POD_NAMESPACE") or account or "default"
        files = _files(kubeconfig)
        loader = KubeConfigLoader(KubeConfigMerger(files).config, _context(files, context))
        return loader.current_context["context"].get("namespace") or "default"


def _files(kubeconfig: str | None) -> str:
    """The client would read the variable when it is imported."""
    return kubeconfig or os.environ.get("KUBECONFIG") or "~/.kube/config"


def _context(files: str, given: str | None) -> str | None:
    """To kubectl the first file that names a current context decides; to the client the last one does."""
    each = (KubeConfigMerger(file).config for file in files.split(os.pathsep))
    named = (config.safe_get("current-context") for config in each if config)
    return given or next(filter(None, named), None)


def _is_in_pod(kubeconfig: str | None, context: str | None) -> bool:
    given = kubeconfig or context or os.environ.get("KUBECONFIG")
    return not given and "KUBERNETES_SERVICE_HOST" in os.environ


@contextmanager
def _read(kubeconfig: str | None, context: str | None) -> Iterator[None]:
    """The client takes the file for granted: one that is none ends in any of these."""
    try:
        yield
    except (ConfigException, OSError, YAMLError, TypeError, ValueError, AttributeError) as error:
        where = f"kubeconfig {kubeconfig}" if kubeconfig else "KUBECONFIG, or ~/.kube/config"
        which = f", context {context}" if context else ""
        raise ClusterError(f"{where}{which}: {str(error).removesuffix('.')}") from error
