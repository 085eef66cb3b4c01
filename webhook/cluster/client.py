"""Reach the API server as kubectl does."""

from __future__ import annotations

import os

from kubernetes import config
from kubernetes.client import ApiClient, Configuration
from kubernetes.config import ConfigException
from urllib3 import Retry
from yaml import YAMLError

Api = ApiClient


class UnreachableError(Exception):
    """No cluster is configured here. Says what to give."""


# For who asks once: an API server under load says when to come again.
_BUSY = Retry(total=5, connect=0, read=0, other=0, status_forcelist=[429], allowed_methods=None)


def api_client(
    kubeconfig: str | None = None, context: str | None = None, *, is_patient: bool = False
) -> ApiClient:
    """Kubectl's rules: the file given, else `KUBECONFIG`, else ~/.kube/config; in a Pod its ServiceAccount.

    `is_patient`: whoever is told 429 asks again, as late as the API server says. Raises UnreachableError.
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
    # Else who asks decides when to ask again, and how long it may take.
    chosen.retries = _BUSY if is_patient else False
    return ApiClient(chosen)
