"""Reach the API server as kubectl does."""

from __future__ import annotations

import os

from kubernetes import config
from kubernetes.client import ApiClient, Configuration
from kubernetes.config import ConfigException
from yaml import YAMLError

Api = ApiClient


class UnreachableError(Exception):
    """No cluster is configured here. Says what to give."""


def api_client(kubeconfig: str | None = None, context: str | None = None) -> ApiClient:
    """Kubectl's rules: the file given, else `KUBECONFIG`, else ~/.kube/config; in a Pod its ServiceAccount.

    Raises UnreachableError.
    """
    chosen = Configuration()
    given = kubeconfig or context or os.environ.get("KUBECONFIG")
    try:
        if not given and "KUBERNETES_SERVICE_HOST" in os.environ:
            config.load_incluster_config(chosen)
        else:
            config.load_kube_config(kubeconfig, context=context, client_configuration=chosen)
    # The client takes the file for granted: one that is none ends in any of these.
    except (ConfigException, OSError, YAMLError, TypeError, ValueError, AttributeError) as error:
        where = f"kubeconfig {kubeconfig}" if kubeconfig else "KUBECONFIG, or ~/.kube/config"
        raise UnreachableError(f"{where}{f', context {context}' if context else ''}: {error}") from error
    chosen.retries = False  # who asks decides when to ask again, and how long it may take
    return ApiClient(chosen)
